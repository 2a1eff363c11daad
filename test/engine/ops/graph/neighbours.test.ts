import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { gatherNeighbours, maxOverNeighbours, nearestNeighbours } from '../../../../src/engine/ops/graph/neighbours.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

/** Indices of a one-hot choice `[B, T·k, T]`. */
const indices = (choice: tf.Tensor3D) => [...tf.argMax(choice, 2).dataSync()];

test('nearest neighbours by hand, nearest first, each video by itself', () => {
  const x = tf.tensor3d([0, 1, 5, 5.5, 8, 0, 7, 1], [2, 4, 1]);
  const choice = nearestNeighbours(x, 2);
  assert.deepEqual(choice.shape, [2, 8, 4]);
  assert.deepEqual(indices(choice), [0, 1, 1, 0, 2, 3, 3, 2, 0, 2, 1, 3, 2, 0, 3, 1]);
  assert.equal(tf.sum(choice).dataSync()[0], 16);
});

test('distance is over all channels, and of equally near nodes the earlier is taken', () => {
  const x = tf.tensor3d([0, 0, 3, 4, 0, 4], [1, 3, 2]);
  assert.deepEqual(indices(nearestNeighbours(x, 2)), [0, 2, 1, 2, 2, 1]);
  const line = tf.tensor3d([0, 1, 2], [1, 3, 1]);
  assert.deepEqual(indices(nearestNeighbours(line, 2)).slice(2, 4), [1, 0]);
});

test('gathering by hand, and its gradient through repeated neighbours', () => {
  const x = tf.tensor3d([0, 10, 1, 11, 5, 15], [1, 3, 2]);
  const choice = nearestNeighbours(x, 2);
  const y = gatherNeighbours(x, choice);
  assert.deepEqual(y.shape, [1, 3, 2, 2]);
  assert.deepEqual([...y.dataSync()], [0, 10, 1, 11, 1, 11, 0, 10, 5, 15, 1, 11]);
  assertGradients((a) => gatherNeighbours(a as tf.Tensor3D, choice), [x]);
});

test('no gradient flows through the choice', () => {
  const x = seeded<tf.Rank.R3>([2, 5, 3], 'x');
  const choice = nearestNeighbours(x, 3);
  const gradient = (chosen: (x: tf.Tensor3D) => tf.Tensor3D) =>
    tf
      .grad((a) => tf.sum(tf.square(gatherNeighbours(a as tf.Tensor3D, chosen(a as tf.Tensor3D)))))(x)
      .dataSync();
  assertClose(
    gradient((a) => nearestNeighbours(a, 3)),
    gradient(() => choice),
    1e-6,
  );
});

test('maximum over neighbours: value, gradient, and of ties the first', () => {
  const x = tf.tensor4d([1, 6, 4, 2, 3, 9], [1, 1, 3, 2]);
  assert.deepEqual([...maxOverNeighbours(x).dataSync()], [4, 9]);
  assertGradients((a) => maxOverNeighbours(a as tf.Tensor4D), [seeded<tf.Rank.R4>([2, 3, 3, 4], 'x')], { step: 1e-3 });
  const ties = tf.tensor4d([5, 1, 5, 2, 5, 2], [1, 1, 3, 2]);
  const gradient = tf.grad((a) => tf.sum(maxOverNeighbours(a as tf.Tensor4D)))(ties);
  assert.deepEqual([...gradient.dataSync()], [1, 0, 0, 1, 0, 0]);
});

test('leave no tensors behind', () => {
  const x = seeded<tf.Rank.R3>([2, 5, 3], 'x');
  const choice = nearestNeighbours(x, 3);
  const edges = gatherNeighbours(x, choice);
  assertLeavesNothing(() => tf.tidy(() => nearestNeighbours(x, 3)));
  assertLeavesNothing(() => gatherNeighbours(x, choice));
  assertLeavesNothing(() => maxOverNeighbours(edges));
  assertLeavesNothing(() =>
    tf.grad((a) => {
      const nodes = a as tf.Tensor3D;
      return tf.sum(maxOverNeighbours(gatherNeighbours(nodes, nearestNeighbours(nodes, 3))));
    })(x),
  );
});
