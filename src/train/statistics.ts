import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../engine/ops/normalization/batch-norm.js';
import type { Parameters } from '../models/parameters.js';

/** Sums over the passes of one step. */
interface Sums extends BatchStatistics {
  /** Sum of the squares of the means. */
  square: tf.Tensor1D;
  passes: number;
}

/** Σ items · mean over the passes of one step. */
interface WeightedSum {
  sum: tf.Tensor1D;
  items: number;
}

/**
 * Sums over passes, to be added to those of other passes: `mean`, `variance` and `square` of each layer, whose `passes`
 * are counted, and the `sum` of each mean over items, whose `items` are counted. Names are `<layer> <which>`.
 */
export interface CollectedStatistics {
  tensors: ReadonlyMap<string, tf.Tensor1D>;
  counts: ReadonlyMap<string, number>;
}

/**
 * Collects the batch statistics of all passes (micro-batches) of one step, and updates the running statistics once a
 * step, as if the passes were one (docs/method.md §6.2): the mean is the mean of their means, the variance is the mean
 * of their variances plus the variance of their means. Means over items ({@link Pass.onMean}) update their parameters
 * in the same way.
 */
export class StatisticsCollector {
  private readonly sums = new Map<string, Sums>();
  private readonly means = new Map<string, WeightedSum>();

  /** A callback for {@link Pass.onStatistics}. Copies what it needs of the pass's tensors. */
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

  /** A callback for {@link Pass.onMean}. Copies what it needs of the pass's tensors. */
  readonly collectMean = (parameter: string, mean: tf.Tensor1D, items: number): void => {
    const before = this.means.get(parameter);
    const sum = tf.tidy(() => {
      const weighted = tf.mul<tf.Tensor1D>(mean, items);
      return before ? tf.add<tf.Tensor1D>(before.sum, weighted) : weighted;
    });
    this.means.set(parameter, { sum: tf.keep(sum), items: items + (before?.items ?? 0) });
    before?.sum.dispose();
  };

  /** Updates running ← (1 - momentum)·running + momentum·batch, as in PyTorch, and empties the collector. */
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

  /** Hands all sums over to the caller, who owns their tensors, and empties the collector. */
  take(): CollectedStatistics {
    const tensors = new Map<string, tf.Tensor1D>();
    const counts = new Map<string, number>();
    for (const [layer, { mean, variance, square, passes }] of this.sums) {
      for (const [which, tensor] of Object.entries({ mean, variance, square }))
        tensors.set(`${layer} ${which}`, tensor);
      counts.set(`${layer} passes`, passes);
    }
    for (const [parameter, { sum, items }] of this.means) {
      tensors.set(`${parameter} sum`, sum);
      counts.set(`${parameter} items`, items);
    }
    this.sums.clear();
    this.means.clear();
    return { tensors, counts };
  }

  /** Takes sums over in place of its own. */
  put({ tensors, counts }: CollectedStatistics): void {
    this.dispose();
    for (const [name, count] of counts) {
      const [of, what] = name.split(' ') as [string, string];
      const tensor = (which: string) => tf.keep(tensors.get(`${of} ${which}`)!);
      if (what === 'items') this.means.set(of, { sum: tensor('sum'), items: count });
      else
        this.sums.set(of, {
          ...{ mean: tensor('mean'), variance: tensor('variance'), square: tensor('square') },
          passes: count,
        });
    }
  }

  /** Frees what an unfinished step has left. */
  dispose(): void {
    for (const { mean, variance, square } of this.sums.values()) tf.dispose([mean, variance, square]);
    for (const { sum } of this.means.values()) sum.dispose();
    this.sums.clear();
    this.means.clear();
  }
}

function variance({ mean, variance, square, passes }: Sums): tf.Tensor {
  if (passes === 1) return variance;
  // Rounding must not make the variance between passes negative.
  const between = tf.relu(tf.sub(tf.div(square, passes), tf.square(tf.div(mean, passes))));
  return tf.add(tf.div(variance, passes), between);
}
