import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { temporalShift } from '../../../src/engine/ops/temporal-shift.js';
import { assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

test('by hand: the first quarter looks ahead, the second back, nothing crosses snippets', () => {
  // Two snippets of three frames, four channels: value = 10 · frame + channel.
  const frames = [1, 2, 3, 4, 5, 6].flatMap((frame) => [0, 1, 2, 3].map((channel) => 10 * frame + channel));
  const y = temporalShift(tf.tensor4d(frames, [6, 1, 1, 4]), 3, 4);
  // prettier-ignore
  assert.deepEqual([...y.dataSync()], [
    20,  0, 12, 13,
    30, 11, 22, 23,
     0, 21, 32, 33,
    50,  0, 42, 43,
    60, 41, 52, 53,
     0, 51, 62, 63,
  ]);
});

test('channels that the divisor does not divide: the part is rounded down', () => {
  const y = temporalShift(tf.ones([2, 1, 1, 7]), 2, 3);
  assert.deepEqual([...y.dataSync()], [1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
});

test('one frame a snippet: the shifted channels are zero', () => {
  const y = temporalShift(tf.ones([2, 1, 1, 4]), 1, 4);
  assert.deepEqual([...y.dataSync()], [0, 0, 1, 1, 0, 0, 1, 1]);
});

test('places of a frame move together, and the gradient is that of the shift', () => {
  const x = seeded<tf.Rank.R4>([6, 2, 3, 5], 'x');
  const y = temporalShift(x, 3, 4);
  const part = (t: tf.Tensor4D, frame: number, channel: number) =>
    tf.slice(t, [frame, 0, 0, channel], [1, 2, 3, 1]).dataSync();
  assert.deepEqual(part(y, 3, 0), part(x, 4, 0));
  assert.deepEqual(part(y, 4, 1), part(x, 3, 1));
  assert.deepEqual(part(y, 3, 4), part(x, 3, 4));
  assertGradients((a) => temporalShift(a as tf.Tensor4D, 3, 4), [x]);
});

test('leaves no tensors behind', () => {
  const x = seeded<tf.Rank.R4>([4, 1, 2, 8], 'x');
  assertLeavesNothing(() => temporalShift(x, 2, 8));
  assertLeavesNothing(() => tf.grad((a) => tf.sum(tf.square(temporalShift(a as tf.Tensor4D, 2, 8))))(x));
});
