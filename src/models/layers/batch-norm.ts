import type { Tensor1D } from '@tensorflow/tfjs-core';
import { batchNormFixed, batchNormTrain } from '../../engine/ops/batch-norm.js';
import type { ParameterSpec } from '../parameters.js';
import type { Layer } from './layer.js';

/** Batch normalisation over `[N, H, W, C]`, with PyTorch's parameter names. */
export function batchNorm(name: string, channels: number, epsilon = 1e-5): Layer {
  const vector = (part: string, value: number, trainable: boolean): ParameterSpec => ({
    name: `${name}.${part}`,
    kind: 'vector',
    shape: [channels],
    init: { type: 'constant', value },
    trainable,
  });
  return {
    parameters: [
      vector('weight', 1, true),
      vector('bias', 0, true),
      vector('running_mean', 0, false),
      vector('running_var', 1, false),
    ],
    apply(x, { parameters, normalization, onStatistics }) {
      const scale = parameters.get<Tensor1D>(`${name}.weight`);
      const offset = parameters.get<Tensor1D>(`${name}.bias`);
      if (normalization === 'batch') {
        return batchNormTrain(x, scale, offset, epsilon, (statistics) => onStatistics?.(name, statistics));
      }
      const mean = parameters.get<Tensor1D>(`${name}.running_mean`);
      const variance = parameters.get<Tensor1D>(`${name}.running_var`);
      return batchNormFixed(x, scale, offset, mean, variance, epsilon);
    },
  };
}
