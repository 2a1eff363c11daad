import type * as tf from '@tensorflow/tfjs-core';
import { attentionBias, attentionBlocks, localAttention } from '../../engine/ops/local-attention.js';
import type { ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';
import { layerNorm } from './layer-norm.js';
import { depthwiseSequence, projection } from './sequence.js';

export interface AttentionOptions {
  width: number;
  heads: number;
  /** Steps of the result that one of its steps sees, itself in the middle; -1: all. */
  window: number;
  /** Of queries, keys and values alike. */
  stride: number;
}

/** Multi-head self-attention that looks through convolutions. */
export interface Attention {
  parameters: ParameterSpec[];
  /**
   * Normalised sequences → what each step of the result has looked up, `[B, T/stride, C]`: anything where nothing is there.
   *
   * @param valid - What is there of the result.
   * @param scale - `[C]`: what its channels are multiplied by.
   */
  apply(x: tf.Tensor3D, valid: readonly number[], pass: Pass, scale: tf.Tensor1D): tf.Tensor3D;
}

/**
 * ActionFormer's self-attention (Zhang et al. 2022, §3.2): queries, keys and values each by a depthwise convolution, which takes the stride, layer
 * normalisation and a projection; attention within a window; a projection.
 */
export function attention(name: string, { width, heads, window, stride }: AttentionOptions): Attention {
  const looks = ['query', 'key', 'value'].map((part) => ({
    conv: depthwiseSequence(`${name}.${part}.conv`, width, stride),
    norm: layerNorm(`${name}.${part}.norm`, width),
    project: projection(`${name}.${part}.linear`, width, width),
  }));
  const out = projection(`${name}.out`, width, width);
  return {
    parameters: [...looks.flatMap((look) => Object.values(look)), out].flatMap((layer) => layer.parameters),
    apply(x, valid, pass, scale) {
      const [query, key, value] = looks.map(({ conv, norm, project }) =>
        project.apply(norm.apply(conv.apply(x, pass), pass), pass),
      ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
      const cut = attentionBlocks(query.shape[1], window);
      const found = localAttention(query, key, value, heads, cut, attentionBias(cut, valid));
      return out.apply(found, pass, scale);
    },
  };
}
