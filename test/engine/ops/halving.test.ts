import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { halvedByMaximum } from '../../../src/engine/ops/halving.js';
import { assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

test('takes every second step as the largest of it and its neighbours', () => {
  const x = tf.tensor2d([-5, -1, -7, -8, 3, 4, -2, -3, 9, 0, 1, -4], [6, 2]);
  // Channel 0: -5 -7 3 -2 9 1; channel 1: -1 -8 4 -3 0 -4.
  assert.deepEqual(halvedByMaximum(x, 1).arraySync(), [[-5, -1], [3, 4], [9, 0]]); // prettier-ignore
});

test('looks from one sequence of a batch into no other', () => {
  const x = tf.tensor2d([1, 2, 3, 9, 4, 5, 6, 7], [8, 1]);
  assert.deepEqual([...halvedByMaximum(x, 1).dataSync()], [2, 9, 9, 7]);
  assert.deepEqual([...halvedByMaximum(x, 2).dataSync()], [2, 9, 5, 7]);
});

test('has the gradient of central differences; of ties the first takes it', () => {
  const f = (x: tf.Tensor) => halvedByMaximum(x as tf.Tensor2D, x.shape[0] / 6);
  assertGradients(f, [seeded([12, 3], 'x')], { step: 1e-3 });
  const ties = tf.zeros([6, 1]);
  assert.deepEqual(
    [
      ...tf
        .grad((x) => tf.sum(f(x)))(ties)
        .dataSync(),
    ],
    [1, 1, 0, 1, 0, 0],
  );
  assertLeavesNothing(() => f(ties));
  assertLeavesNothing(() => tf.grad((x) => tf.sum(f(x)))(ties));
});

test('one pair of steps', () => {
  const x = tf.tensor2d([2, 5], [2, 1]);
  assert.deepEqual([...halvedByMaximum(x, 1).dataSync()], [5]);
  assert.deepEqual(
    [
      ...tf
        .grad((x) => tf.sum(halvedByMaximum(x as tf.Tensor2D, 1)))(x)
        .dataSync(),
    ],
    [0, 1],
  );
});
