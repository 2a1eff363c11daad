import type * as tf from '@tensorflow/tfjs-core';
import { layerNorm as normalized, type LayerNormOptions } from '../../engine/ops/normalization/layer-norm.js';
import type { ReadableParameters, ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';

/** Layer normalisation of rows `[N, C]`, then optionally ReLU and mask, with PyTorch's parameter names. */
export interface LayerNorm {
  parameters: ParameterSpec[];
  apply(x: tf.Tensor2D, pass: Pass, options?: LayerNormOptions): tf.Tensor2D;
  /** The layer's parameters, for ops that include the normalisation. */
  of(parameters: ReadableParameters): { scale: tf.Tensor1D; offset: tf.Tensor1D };
}

export function layerNorm(name: string, channels: number): LayerNorm {
  const vector = (part: string, value: number): ParameterSpec => ({
    name: `${name}.${part}`,
    kind: 'vector',
    shape: [channels],
    init: { type: 'constant', value },
    trainable: true,
  });
  const of = (parameters: ReadableParameters) => ({
    scale: parameters.get<tf.Tensor1D>(`${name}.weight`),
    offset: parameters.get<tf.Tensor1D>(`${name}.bias`),
  });
  return {
    parameters: [vector('weight', 1), vector('bias', 0)],
    apply(x, { parameters }, options) {
      const { scale, offset } = of(parameters);
      return normalized(x, scale, offset, options);
    },
    of,
  };
}
