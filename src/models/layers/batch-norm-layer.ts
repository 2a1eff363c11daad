import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { Config } from '../../config/schema.js';
import { batchNormFixed, batchNormTrain } from '../../engine/ops/normalization/batch-norm.js';
import type { Parameters, ParameterSpec } from '../parameters.js';
import type { Layer, Pass } from './layer.js';

/** Batch normalisation over x `[N, H, W, C]`, with PyTorch's parameter names. */
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

/** How batch normalisation behaves while a model trains (`joint.batchNorm`). */
export type BatchNormMode = Config['joint']['batchNorm'];

/**
 * Prepares a model for training in a mode and returns what its passes must normalise by. `train`: the batch's
 * statistics. `frozen`: the running statistics; scale and offset are trained. `frozen-affine`: as `frozen`, with scale
 * and offset frozen too.
 */
export function setBatchNormMode(parameters: Parameters, mode: BatchNormMode): Pass['normalization'] {
  if (mode === 'frozen-affine') {
    for (const { name } of parameters.specs) {
      const layer = /^(.*)\.(weight|bias)$/.exec(name)?.[1];
      if (layer !== undefined && parameters.has(`${layer}.running_mean`)) parameters.freeze(name);
    }
  }
  return mode === 'train' ? 'batch' : 'running';
}
