import type * as tf from '@tensorflow/tfjs-core';
import { attentionBias, attentionBlocks, convolvedAttention, type Look } from '../../engine/ops/attention.js';
import type { ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';
import { layerNorm } from './layer-norm-layer.js';
import { projection } from './sequence.js';

export interface AttentionOptions {
  width: number;
  heads: number;
  /** How many steps of the output sequence one of its steps sees, itself in the middle; -1: all. */
  window: number;
  /** Stride of queries, keys and values alike. */
  stride: 1 | 2;
}

/** Multi-head self-attention whose queries, keys and values come from convolutions. */
export interface Attention {
  parameters: ParameterSpec[];
  /**
   * Attends over normalised sequences `[B·T, C]` → `[B·T/stride, C]`. Rows beyond an item's `valid` steps hold
   * arbitrary values.
   *
   * @param valid - How many steps of the output exist, for each item.
   */
  apply(x: tf.Tensor2D, valid: readonly number[], pass: Pass): tf.Tensor2D;
}

/**
 * ActionFormer's self-attention (Zhang et al. 2022, §3.2; docs/method.md §8.1) without its last projection. Queries,
 * keys and values each come from a depthwise convolution (which has the stride), a layer normalisation and a
 * projection. Attention stays within a window.
 */
export function attention(name: string, { width, heads, window, stride }: AttentionOptions): Attention {
  const looks = ['query', 'key', 'value'].map((part) => ({
    filter: {
      name: `${name}.${part}.conv.weight`,
      kind: 'conv1d',
      shape: [3, 1, width],
      init: { type: 'uniform', fanIn: 3 },
      trainable: true,
    } satisfies ParameterSpec,
    norm: layerNorm(`${name}.${part}.norm`, width),
    linear: projection(`${name}.${part}.linear`, width, width),
  }));
  return {
    parameters: looks.flatMap(({ filter, norm, linear }) => [filter, ...norm.parameters, ...linear.parameters]),
    apply(x, valid, { parameters }) {
      const batch = valid.length;
      const given = looks.map(({ filter, norm, linear }): Look => ({
        filter: parameters.get(filter.name),
        ...norm.of(parameters),
        ...linear.of(parameters),
      }));
      const cut = attentionBlocks(x.shape[0] / batch / stride, window);
      const bias = attentionBias(cut, valid);
      return convolvedAttention(x, given as [Look, Look, Look], { batch, stride, heads }, cut, bias);
    },
  };
}
