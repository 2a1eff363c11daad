import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../engine/ops/batch-norm.js';
import type { Parameters } from '../models/parameters.js';

/** Collects the batch statistics of the passes of one step, and moves the running ones by their mean: once a step. */
export class StatisticsCollector {
  private readonly sums = new Map<string, { statistics: BatchStatistics; passes: number }>();

  /** For {@link Pass.onStatistics}: called inside a pass, keeps the tensors beyond it. */
  readonly collect = (layer: string, { mean, variance }: BatchStatistics): void => {
    const before = this.sums.get(layer);
    const sum = (a: tf.Tensor1D, b: tf.Tensor1D | undefined) => tf.keep(b ? tf.add<tf.Tensor1D>(a, b) : tf.clone(a));
    this.sums.set(layer, {
      statistics: {
        mean: sum(mean, before?.statistics.mean),
        variance: sum(variance, before?.statistics.variance),
      },
      passes: (before?.passes ?? 0) + 1,
    });
    if (before) tf.dispose([before.statistics.mean, before.statistics.variance]);
  };

  /** running ← (1 - momentum)·running + momentum·batch, PyTorch's rule; empties the collector. */
  update(parameters: Parameters, momentum = 0.1): void {
    for (const [layer, { statistics, passes }] of this.sums) {
      const mix = (name: string, sum: tf.Tensor) => {
        parameters.assign(
          name,
          tf.tidy(() => tf.add(tf.mul(parameters.get(name), 1 - momentum), tf.mul(sum, momentum / passes))),
        );
      };
      mix(`${layer}.running_mean`, statistics.mean);
      mix(`${layer}.running_var`, statistics.variance);
      tf.dispose([statistics.mean, statistics.variance]);
    }
    this.sums.clear();
  }
}
