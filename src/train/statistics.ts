import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../engine/ops/batch-norm.js';
import type { Parameters } from '../models/parameters.js';

/** Batch statistics of one step by layer name, owned by whoever collects them. */
export type CollectedStatistics = Map<string, BatchStatistics>;

/** running ← (1 - momentum)·running + momentum·batch, PyTorch's rule; frees the collected statistics. */
export function updateRunningStatistics(
  parameters: Parameters,
  collected: CollectedStatistics,
  momentum: number,
): void {
  for (const [layer, { mean, variance }] of collected) {
    const mix = (name: string, batch: tf.Tensor) => {
      const mixed = tf.tidy(() => tf.add(tf.mul(parameters.get(name), 1 - momentum), tf.mul(batch, momentum)));
      parameters.assign(name, mixed);
    };
    mix(`${layer}.running_mean`, mean);
    mix(`${layer}.running_var`, variance);
    tf.dispose([mean, variance]);
  }
  collected.clear();
}
