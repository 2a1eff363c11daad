import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { context, fovea, viewsOf } from '../../../../src/models/encoders/classic/frame-views.js';
import { assertLeavesNothing } from '../../../support/numeric.js';

await startEngine();

/** Frames whose pixel in row r and column c of frame t holds (1000 t + r, c, 0). */
function indexImage(frames: number, height: number, width: number): tf.Tensor5D {
  const values = new Float32Array(frames * height * width * 3);
  for (let t = 0, i = 0; t < frames; t++)
    for (let r = 0; r < height; r++) for (let c = 0; c < width; c++, i += 3) values.set([1000 * t + r, c], i);
  return tf.tensor5d(values, [1, frames, height, width, 3]);
}

test('the fovea of 178 pixels is the middle 89 of them, at their own resolution', () => {
  const seen = fovea(indexImage(2, 178, 178));
  assert.deepEqual(seen.shape, [1, 2, 89, 89, 3]);
  const pixels = seen.arraySync()[0]!;
  assert.deepEqual(pixels[0]![0]![0], [44, 44, 0]);
  assert.deepEqual(pixels[1]![88]![88], [1132, 132, 0]);
});

test('the context of 178 pixels is 89 means of 2×2', () => {
  const seen = context(indexImage(2, 178, 178));
  assert.deepEqual(seen.shape, [1, 2, 89, 89, 3]);
  const pixels = seen.arraySync()[0]!;
  assert.deepEqual(pixels[0]![0]![0], [0.5, 0.5, 0]);
  assert.deepEqual(pixels[1]![88]![3], [1176.5, 6.5, 0]);
});

test('odd and tiny frames have streams of the same size', () => {
  for (const [h, w] of [
    [7, 5],
    [3, 2],
    [1, 1],
  ]) {
    const frames = indexImage(1, h!, w!);
    assert.deepEqual(fovea(frames).shape, context(frames).shape);
  }
  assert.deepEqual(context(indexImage(1, 5, 5)).arraySync()[0]![0]![1]![0], [2.5, 0.5, 0]);
  assert.deepEqual(fovea(indexImage(1, 7, 7)).arraySync()[0]![0]![0]![0], [2, 2, 0]);
  const frames = indexImage(1, 4, 4);
  assertLeavesNothing(() => tf.tidy(() => context(frames)));
  assert.deepEqual(
    viewsOf['fovea+context'].map(({ name }) => name),
    ['fovea', 'context'],
  );
});
