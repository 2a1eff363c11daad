import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../engine/ops/normalization/batch-norm.js';
import type { Parameters } from '../models/parameters.js';

/** Sums over the passes of one step. */
interface Sums extends BatchStatistics {
  /** Of the squares of the means. */
  square: tf.Tensor1D;
  passes: number;
}

/** Σ items · mean over the passes of one step. */
interface WeightedSum {
  sum: tf.Tensor1D;
  items: number;
}

/**
 * Collects the batch statistics of the passes of one step, and moves the running ones once a step, by the statistics of
 * all passes as if they were one: their mean, and the mean of their variances plus the variance of their means (lofi_spec §2.8).
 * Means over items ({@link Pass.onMean}) move their parameters likewise.
 */
export class StatisticsCollector {
  private readonly sums = new Map<string, Sums>();
  private readonly means = new Map<string, WeightedSum>();

  /** For {@link Pass.onStatistics}: called inside a pass, keeps the tensors beyond it. */
  readonly collect = (layer: string, { mean, variance }: BatchStatistics): void => {
    const before = this.sums.get(layer);
    const sum = (a: tf.Tensor1D, b: tf.Tensor1D | undefined) => tf.keep(b ? tf.add<tf.Tensor1D>(a, b) : tf.clone(a));
    tf.tidy(() => {
      this.sums.set(layer, {
        mean: sum(mean, before?.mean),
        variance: sum(variance, before?.variance),
        square: sum(tf.square(mean), before?.square),
        passes: (before?.passes ?? 0) + 1,
      });
    });
    if (before) tf.dispose([before.mean, before.variance, before.square]);
  };

  /** For {@link Pass.onMean}: called inside a pass, keeps what it needs beyond it. */
  readonly collectMean = (parameter: string, mean: tf.Tensor1D, items: number): void => {
    const before = this.means.get(parameter);
    const sum = tf.tidy(() => {
      const weighted = tf.mul<tf.Tensor1D>(mean, items);
      return before ? tf.add<tf.Tensor1D>(before.sum, weighted) : weighted;
    });
    this.means.set(parameter, { sum: tf.keep(sum), items: items + (before?.items ?? 0) });
    before?.sum.dispose();
  };

  /** running ← (1 - momentum)·running + momentum·batch, PyTorch's rule; empties the collector. */
  update(parameters: Parameters, momentum = 0.1): void {
    const move = (name: string, batch: () => tf.Tensor) => {
      const moved = () => tf.add(tf.mul(parameters.get(name), 1 - momentum), tf.mul(batch(), momentum));
      parameters.assign(name, tf.tidy(moved));
    };
    for (const [layer, sums] of this.sums) {
      move(`${layer}.running_mean`, () => tf.div(sums.mean, sums.passes));
      move(`${layer}.running_var`, () => variance(sums));
      tf.dispose([sums.mean, sums.variance, sums.square]);
    }
    this.sums.clear();
    for (const [name, { sum, items }] of this.means) {
      move(name, () => tf.div(sum, items));
      sum.dispose();
    }
    this.means.clear();
  }

  /** Frees what a step that was not finished has left. */
  dispose(): void {
    for (const { mean, variance, square } of this.sums.values()) tf.dispose([mean, variance, square]);
    for (const { sum } of this.means.values()) sum.dispose();
    this.sums.clear();
    this.means.clear();
  }
}

function variance({ mean, variance, square, passes }: Sums): tf.Tensor {
  if (passes === 1) return variance;
  // Rounding must not make it less than it is within the passes.
  const between = tf.relu(tf.sub(tf.div(square, passes), tf.square(tf.div(mean, passes))));
  return tf.add(tf.div(variance, passes), between);
}
