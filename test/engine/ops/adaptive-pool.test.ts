import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { adaptivePool } from '../../../src/engine/ops/adaptive-pool.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

test('by hand: parts of five places by three overlap, as in PyTorch', () => {
  // Parts 0–1, 1–3, 3–4 of each axis.
  const x = tf.tensor4d([0, 1, 2, 3, 4], [1, 1, 5, 1]);
  assertClose(adaptivePool(x, 3).dataSync(), [0.5, 2, 3.5, 0.5, 2, 3.5, 0.5, 2, 3.5], 1e-6);
  const column = tf.tensor4d([0, 1, 2, 3, 4, 5], [1, 6, 1, 1]);
  assertClose(adaptivePool(column, 2).dataSync(), [1, 1, 4, 4], 1e-6);
});

test('a map of the grid’s size stays as it is, and a smaller one is spread', () => {
  const x = seeded<tf.Rank.R4>([2, 3, 3, 2], 'x');
  assert.equal(adaptivePool(x, 3), x);
  const small = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  assertClose(adaptivePool(small, 4).dataSync(), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4], 1e-6);
});

test('its gradient is that of finite differences, and nothing is left behind', () => {
  const x = seeded<tf.Rank.R4>([2, 5, 4, 2], 'x');
  assertGradients((of) => adaptivePool(of as tf.Tensor4D, 3), [x]);
  assertLeavesNothing(() => adaptivePool(x, 3));
});
