import * as tf from '@tensorflow/tfjs-core';
import { distanceIouLoss, focalLoss } from '../../../engine/ops/detection-losses.js';
import type { Positive } from './assignment.js';
import type { PyramidOutput, Rows } from './branches.js';
import { locationsOf, type Level } from './levels.js';

/** What an item's outputs are trained towards. */
export interface PyramidTargets {
  /** How many of its snippets are video: locations behind them learn nothing. */
  valid: number;
  positives: Positive[];
}

/** Everything of the loss that does not depend on the outputs, for a batch; rows as in {@link PyramidOutput}. */
export interface LossTargets {
  /** `[B, N, classes]`. */
  classes: Float32Array;
  /** `[B, N, 1]`: 1 where a row is a location of the video. */
  locations: Float32Array;
  /** `[B·N, 2]` and `[B·N, 1]`: offsets, and 1 where there are some. */
  offsets: Float32Array;
  positives: Float32Array;
}

/** The targets of a batch, laid out like the outputs. */
export function lossTargets(
  batch: readonly PyramidTargets[],
  { first, count }: Rows,
  levels: readonly Level[],
  { classes, labelSmoothing }: { classes: number; labelSmoothing: number },
): LossTargets {
  const rows = batch.length * count;
  const targets: LossTargets = {
    classes: new Float32Array(rows * classes).fill(labelSmoothing / (classes + 1)),
    locations: new Float32Array(rows),
    offsets: new Float32Array(rows * 2),
    positives: new Float32Array(rows),
  };
  batch.forEach(({ valid, positives }, item) => {
    const start = item * count;
    levels.forEach((level, i) => {
      const row = start + first[i]!;
      targets.locations.fill(1, row, row + locationsOf(level, valid));
    });
    for (const { level, index, labels, before, after } of positives) {
      const row = start + first[level]! + index;
      for (const label of labels) targets.classes[row * classes + label]! += 1 - labelSmoothing;
      targets.offsets.set([before, after], 2 * row);
      targets.positives[row] = 1;
    }
  });
  return targets;
}

/** ActionFormer's loss (§3.3) and its terms: total = cls + weight·reg, means over the items. */
export interface PyramidLoss {
  total: tf.Scalar;
  cls: tf.Scalar;
  reg: tf.Scalar;
}

/**
 * @param normalizer - `[1]`: positives of an item that both sums are divided by.
 * @param weight - Of the boundaries.
 */
export function pyramidLoss(
  { logits, offsets }: PyramidOutput,
  targets: LossTargets,
  normalizer: tf.Tensor1D,
  weight: number,
): PyramidLoss {
  const [batch, count] = logits.shape;
  const divisor = tf.mul(tf.reshape<tf.Rank.R0>(tf.maximum(normalizer, 1), []), batch);
  const classSum = focalLoss(
    logits,
    tf.tensor(targets.classes, logits.shape),
    tf.tensor(targets.locations, [batch, count, 1]),
  );
  const boundarySum = distanceIouLoss(
    tf.reshape(offsets, [batch * count, 2]),
    tf.tensor2d(targets.offsets, [batch * count, 2]),
    tf.tensor2d(targets.positives, [batch * count, 1]),
  );
  const cls = tf.div<tf.Scalar>(classSum, divisor);
  const reg = tf.div<tf.Scalar>(boundarySum, divisor);
  return { total: tf.add(cls, tf.mul(reg, weight)), cls, reg };
}
