import * as tf from '@tensorflow/tfjs-core';
import { distanceIouLoss, distanceIouLosses, focalLoss, focalLosses } from '../../../engine/ops/detection-losses.js';
import type { Positive } from './assignment.js';
import type { LearningOutput, Place, Rows } from './branches.js';
import { locationsOf, type Level } from './levels.js';
import { paddedCount } from './padded-count.js';

/** Training targets of the pyramid for one item. */
export interface PyramidTargets {
  /** How many of its snippets are video; locations behind them learn nothing. */
  valid: number;
  positives: Positive[];
  /** Present where a part of the item is unlabelled: 1 for snippets in it `[T]`. Locations there learn nothing. */
  unlabelled?: Uint8Array;
}

/** All parts of the loss that do not depend on the outputs, for a batch. */
export interface LossTargets {
  /** Targets of the class probabilities, `[B, N, classes]`, rows as in the output. */
  classes: Float32Array;
  /** `[B, N, 1]`: 1 where a row is a labelled location of the video, otherwise 0. */
  locations: Float32Array;
  /** The P places where boundaries are learnt, and behind them some that weigh 0, so that P has few values. */
  places: Place[];
  /** `[P, 2]`: target offsets at these places. */
  offsets: Float32Array;
  /** `[P]`: 1 for a place where boundaries are learnt, otherwise 0. */
  weights: Float32Array;
}

/** The targets of a batch, laid out like the outputs. */
export function lossTargets(
  batch: readonly PyramidTargets[],
  { first, count }: Rows,
  levels: readonly Level[],
  { classes, labelSmoothing }: { classes: number; labelSmoothing: number },
): LossTargets {
  const rows = batch.length * count;
  const classTargets = new Float32Array(rows * classes).fill(labelSmoothing / (classes + 1));
  const locations = new Float32Array(rows);
  const places: Place[] = [];
  const offsets: number[] = [];
  batch.forEach(({ valid, positives, unlabelled }, item) => {
    levels.forEach((level, i) => {
      const row = item * count + first[i]!;
      const inVideo = locationsOf(level, valid);
      locations.fill(1, row, row + inVideo);
      for (let index = 0; unlabelled && index < inVideo; index++)
        if (unlabelled[index * level.stride] === 1) locations[row + index] = 0;
    });
    for (const { level, index, labels, before, after } of positives) {
      const row = first[level]! + index;
      for (const label of labels) classTargets[(item * count + row) * classes + label]! += 1 - labelSmoothing;
      places.push({ item, level, row });
      offsets.push(before, after);
    }
  });
  const learnt = places.length;
  const padded = paddedCount(learnt);
  const last = places.at(-1) ?? { item: 0, level: 0, row: 0 };
  while (places.length < padded) places.push(last);
  return {
    ...{ classes: classTargets, locations, places },
    offsets: Float32Array.from({ length: 2 * padded }, (_, i) => offsets[i] ?? 1),
    weights: Float32Array.from({ length: padded }, (_, i) => (i < learnt ? 1 : 0)),
  };
}

/**
 * ActionFormer's loss (§3.3 of its paper; docs/method.md §8.3) and its terms: total = cls +
 * weight·reg, means over the items.
 */
export interface PyramidLoss {
  total: tf.Scalar;
  cls: tf.Scalar;
  reg: tf.Scalar;
  /** The loss of each item `[B]`, whose mean is the total. */
  items: () => tf.Tensor1D;
}

/**
 * ActionFormer's loss of a batch's outputs.
 *
 * @param normalizer - `[1]`: the number of positives of an item, by which both sums are divided.
 * @param weight - Weight of the boundaries' loss.
 */
export function pyramidLoss(
  { logits, offsets }: LearningOutput,
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
    offsets,
    tf.tensor2d(targets.offsets, [targets.places.length, 2]),
    tf.tensor2d(targets.weights, [targets.places.length, 1]),
  );
  const cls = tf.div<tf.Scalar>(classSum, divisor);
  const reg = tf.div<tf.Scalar>(boundarySum, divisor);
  const items = () => tf.mul<tf.Tensor1D>(tf.div(itemSums({ logits, offsets }, targets, weight), divisor), batch);
  return { total: tf.add(cls, tf.mul(reg, weight)), cls, reg, items };
}

/** The sums `[B]` of both losses over each item, not yet divided by the normaliser. */
function itemSums({ logits, offsets }: LearningOutput, targets: LossTargets, weight: number): tf.Tensor1D {
  const [batch, count] = logits.shape;
  const classSums = focalLosses(
    logits,
    tf.tensor(targets.classes, logits.shape),
    tf.tensor(targets.locations, [batch, count, 1]),
  );
  const learnt = targets.places.length;
  const boundary = distanceIouLosses(
    offsets,
    tf.tensor2d(targets.offsets, [learnt, 2]),
    tf.tensor2d(targets.weights, [learnt, 1]),
  );
  const isOfItem = new Float32Array(batch * learnt);
  targets.places.forEach(({ item }, place) => (isOfItem[item * learnt + place] = 1));
  const boundarySums = tf.matMul(tf.tensor2d(isOfItem, [batch, learnt]), tf.reshape(boundary, [learnt, 1]));
  return tf.add(classSums, tf.mul(tf.reshape(boundarySums, [batch]), weight));
}
