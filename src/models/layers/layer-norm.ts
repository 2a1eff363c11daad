import type * as tf from '@tensorflow/tfjs-core';
import { layerNorm as normalized, type LayerNormOptions } from '../../engine/ops/layer-norm.js';
import type { ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';

/** Layer normalisation, ReLU and mask of sequences `[B, T, C]`, with PyTorch's parameter names. */
export interface LayerNorm {
  parameters: ParameterSpec[];
  apply(x: tf.Tensor3D, pass: Pass, options?: LayerNormOptions): tf.Tensor3D;
}

export function layerNorm(name: string, channels: number): LayerNorm {
  const vector = (part: string, value: number): ParameterSpec => ({
    name: `${name}.${part}`,
    kind: 'vector',
    shape: [channels],
    init: { type: 'constant', value },
    trainable: true,
  });
  return {
    parameters: [vector('weight', 1), vector('bias', 0)],
    apply: (x, { parameters }, options) =>
      normalized(x, parameters.get(`${name}.weight`), parameters.get(`${name}.bias`), options),
  };
}
