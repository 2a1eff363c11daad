import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import {
  distanceIouLoss,
  distanceIouLosses,
  focalLoss,
  focalLosses,
} from '../../../src/engine/ops/detection-losses.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const value = (x: tf.Tensor) => x.dataSync()[0]!;

test('focal loss by hand: ¼ (1 - p)² of the entropy of a positive, ¾ p² of that of a negative', () => {
  const p = 0.8;
  const logit = Math.log(p / (1 - p));
  const logits = tf.tensor2d([logit, logit], [1, 2]);
  const targets = tf.tensor2d([1, 0], [1, 2]);
  const positive = 0.25 * 0.2 ** 2 * -Math.log(0.8);
  const negative = 0.75 * 0.8 ** 2 * -Math.log(0.2);
  assertClose([value(focalLoss(logits, targets, tf.ones([1, 1])))], [positive + negative], 1e-6);
  assertClose([value(focalLoss(logits, targets, tf.tensor2d([3, 0], [1, 2])))], [3 * positive], 1e-6);
});

test('focal loss of sure outputs is finite, and so is its gradient', () => {
  const logits = tf.tensor1d([200, -200, 200, -200]);
  const targets = tf.tensor1d([1, 0, 0, 1]);
  const loss = (x: tf.Tensor) => focalLoss(x, targets, tf.ones([4]));
  assertClose([value(loss(logits))], [0.75 * 200 + 0.25 * 200], 1e-5);
  assertClose(tf.grad(loss)(logits).dataSync(), [0, 0, 0.75, -0.25], 1e-5);
});

test('focal loss has the gradient of central differences, with smooth targets too; nothing is left behind', () => {
  const logits = seeded([3, 4], 'logits', -3, 3);
  const targets = tf.tensor2d([0, 1, 0.1, 0.9, 0, 0, 1, 1, 0.5, 0.02, 0.98, 0], [3, 4]);
  const weights = tf.tensor2d([1, 0, 2], [3, 1]);
  const f = (x: tf.Tensor) => focalLoss(x, targets, weights);
  assertGradients(f, [logits], { step: 1e-2, tolerance: 2e-3 });
  assertLeavesNothing(() => f(logits));
  assertLeavesNothing(() => tf.grad(f)(logits));
});

test('distance-IoU loss by hand', () => {
  // [-1, 3] and [-2, 2]: intersection 3 of union 5, middles 1 apart, hull 5.
  const loss = (offsets: number[], targets: number[], weight = 1) =>
    value(distanceIouLoss(tf.tensor2d([offsets]), tf.tensor2d([targets]), tf.tensor2d([[weight]])));
  assertClose([loss([1, 3], [2, 2])], [1 - 3 / 5 + (1 / 5) ** 2], 1e-6);
  assertClose([loss([1, 3], [2, 2], 0.5)], [0.5 * (1 - 3 / 5 + (1 / 5) ** 2)], 1e-6);
  assert.ok(Math.abs(loss([1.5, 2.5], [1.5, 2.5])) < 1e-6);
  assertClose([loss([0, 0], [1, 3])], [1 + (1 / 4) ** 2], 1e-6);
  // Rows without a target have no weight, and none of their values is infinite.
  assert.equal(loss([0, 0], [0, 0], 0), 0);
});

test('distance-IoU loss has the gradient of central differences; none where it weighs nothing', () => {
  const offsets = seeded([8, 2], 'offsets', 0.2, 3);
  const targets = seeded<tf.Rank.R2>([8, 2], 'targets', 0.2, 3);
  const weights = tf.tensor2d([1, 1, 0, 1, 2, 1, 1, 0.5], [8, 1]);
  const f = (x: tf.Tensor) => distanceIouLoss(x as tf.Tensor2D, targets, weights);
  assertGradients(f, [offsets], { step: 1e-3, tolerance: 2e-3 });
  assert.deepEqual([...tf.grad(f)(offsets).dataSync()].slice(4, 6).map(Math.abs), [0, 0]);
  assertLeavesNothing(() => f(offsets));
  assertLeavesNothing(() => tf.grad(f)(offsets));
});

test('the losses of items are those of each item alone, with the gradient of central differences', () => {
  const logits = seeded<tf.Rank.R3>([2, 3, 2], 'logits', -3, 3);
  const targets = tf.tensor3d([0, 1, 0.1, 0.9, 0, 0, 1, 1, 0.5, 0.02, 0.98, 0], [2, 3, 2]);
  const weights = tf.tensor3d([1, 0, 2, 1, 1, 0.5], [2, 3, 1]);
  const item = (x: tf.Tensor3D, i: number) => tf.slice(x, [i, 0, 0], [1, -1, -1]);
  const alone = [0, 1].map((i) => value(focalLoss(item(logits, i), item(targets, i), item(weights, i))));
  assertClose(focalLosses(logits, targets, weights).dataSync(), alone, 1e-6);
  const offsets = seeded<tf.Rank.R2>([4, 2], 'offsets', 0.2, 3);
  const ends = seeded<tf.Rank.R2>([4, 2], 'ends', 0.2, 3);
  const ones = tf.tensor2d([1, 0, 2, 1], [4, 1]);
  const row = (x: tf.Tensor2D, i: number) => tf.slice(x, [i, 0], [1, -1]);
  const each = [0, 1, 2, 3].map((i) => value(distanceIouLoss(row(offsets, i), row(ends, i), row(ones, i))));
  assertClose(distanceIouLosses(offsets, ends, ones).dataSync(), each, 1e-6);
  const share = tf.tensor1d([0.3, 2]);
  const f = (x: tf.Tensor) => tf.sum(tf.mul(focalLosses(x, targets, weights), share));
  assertGradients(f, [logits], { step: 1e-2, tolerance: 2e-3 });
  const shares = tf.tensor1d([0.3, 2, 1, 0.1]);
  const g = (x: tf.Tensor) => tf.sum(tf.mul(distanceIouLosses(x as tf.Tensor2D, ends, ones), shares));
  assertGradients(g, [offsets], { step: 1e-3, tolerance: 2e-3 });
  assertLeavesNothing(() => focalLosses(logits, targets, weights));
  assertLeavesNothing(() => tf.grad(f)(logits));
  assertLeavesNothing(() => tf.grad(g)(offsets));
});
