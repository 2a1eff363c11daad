import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import {
  differenceImages,
  dynamicImages,
  middleFrames,
  type WindowImages,
} from '../../../../src/models/encoders/inputs/frame-windows.js';
import { assertClose, assertLeavesNothing, seeded, seededArray } from '../../../support/numeric.js';

await startEngine();

/** The values of images of frames that are given one after the other, each as its pixels, of one snippet. */
function imagesOf(make: WindowImages, frames: readonly ArrayLike<number>[], window: number | null = null): number[] {
  const pixels = frames[0]!.length / 3;
  const x = tf.tensor(
    frames.flatMap((frame) => Array.from(frame)),
    [1, 1, frames.length, 1, pixels, 3],
  );
  const images = make(x, window);
  assert.deepEqual(images.shape, [1, 1, frames.length / (window ?? frames.length), 1, pixels, 3]);
  const values = [...images.dataSync()];
  tf.dispose([x, images]);
  return values;
}

/** 15.49: the root mean square that the released code's factor of 6000 gives an image of 224×224 pixels. */
const wanted = Math.sqrt(6000 ** 2 / (224 * 224 * 3));

/** A dynamic image by the definition: Σ over pairs q > t of V_q - V_t with the means V of the frames up to each. */
function dynamicByPairs(frames: readonly ArrayLike<number>[]): number[] {
  const means = frames.map((_, t) =>
    Array.from(frames[0]!, (_, i) => frames.slice(0, t + 1).reduce((sum, frame) => sum + frame[i]!, 0) / (t + 1)),
  );
  const sum = Array.from(frames[0]!, (_, i) =>
    means.reduce(
      (all, later, q) => means.slice(0, q).reduce((some, earlier) => some + later[i]! - earlier[i]!, all),
      0,
    ),
  );
  const norm = Math.sqrt(sum.reduce((all, value) => all + value * value, 0));
  const factor = (wanted * Math.sqrt(sum.length)) / norm;
  return sum.map((value) => 128 + Math.min(128, Math.max(-128, value * factor)));
}

test('two frames by hand: the difference, of a root mean square of 15.5 grey levels, on 128', () => {
  // The second frame is brighter by 3 in red and darker by 4 in green: the norm is 5, the root mean square 5/√6.
  const before = [10, 20, 30, 40, 50, 60];
  const after = [13, 16, 30, 40, 50, 60];
  const factor = wanted / (5 / Math.sqrt(6));
  const expected = [128 + 3 * factor, 128 - 4 * factor, 128, 128, 128, 128];
  assertClose(imagesOf(dynamicImages, [before, after]), expected, 1e-6);
});

test('dynamic images are what the definition by pairs of means gives, window by window', () => {
  const frames = Array.from({ length: 12 }, (_, t) => seededArray(24, `frame ${t}`, 0, 255).map(Math.round));
  for (const window of [2, 3, 4, 6, null]) {
    const length = window ?? 12;
    const expected = Array.from({ length: 12 / length }, (_, i) =>
      dynamicByPairs(frames.slice(i * length, (i + 1) * length)),
    );
    assertClose(imagesOf(dynamicImages, frames, window), expected.flat(), 1e-5, `window ${length}`);
  }
});

test('a single pixel that moves is clipped, and stays within 0 and 256', () => {
  const still = new Array<number>(300).fill(100);
  const values = imagesOf(dynamicImages, [still, [200, ...still.slice(1)], [255, ...still.slice(1)]]);
  assert.deepEqual(values, [256, ...new Array<number>(299).fill(128)]);
});

test('without motion the dynamic image is grey to the bit, whatever the frames; the least motion is not', () => {
  const frame = seededArray(48, 'still', 0, 255);
  for (const length of [2, 5, 8, 16]) {
    const still = Array.from({ length }, () => frame);
    assert.deepEqual(imagesOf(dynamicImages, still), new Array<number>(48).fill(128));
    const last = frame.map((value, i) => (i === 7 ? value + 1 : value));
    assertClose([imagesOf(dynamicImages, [...still.slice(1), last])[7]!], [128 + wanted * Math.sqrt(48)], 1e-6);
  }
});

test('the root mean square of what moves is the same whatever the contrast', () => {
  const frames = Array.from({ length: 8 }, (_, t) => seededArray(3000, `contrast ${t}`, 100, 130));
  const rms = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - 128) ** 2, 0) / values.length);
  assertClose([rms(imagesOf(dynamicImages, frames))], [wanted], 1e-5);
  const faint = frames.map((frame) => frame.map((value) => 100 + (value - 100) / 10));
  assertClose(imagesOf(dynamicImages, faint), imagesOf(dynamicImages, frames), 1e-4);
});

test('backwards, two frames give the mirror image about 128, and more frames one that is much like it', () => {
  const frames = Array.from({ length: 8 }, (_, t) => Float32Array.from({ length: 30 }, (_, i) => 20 * t + i * (t % 2)));
  const mirrored = (values: readonly number[]) => values.map((value) => 256 - value);
  const two = frames.slice(0, 2);
  assertClose(imagesOf(dynamicImages, two.toReversed()), mirrored(imagesOf(dynamicImages, two)), 1e-6);
  const there = imagesOf(dynamicImages, frames);
  const back = imagesOf(dynamicImages, frames.toReversed());
  const product = there.reduce((sum, value, i) => sum + (value - 128) * (back[i]! - 128), 0);
  assert.ok(product / (30 * wanted ** 2) < -0.9, `${product / (30 * wanted ** 2)}`);
});

test('differences: half of last minus first, on 127.5', () => {
  const frames = [0, 9, 9, 255, 0, 9, 9, 100].map((value) => [value, 255 - value, 7]);
  assert.deepEqual(imagesOf(differenceImages, frames, 4), [255, 0, 127.5, 177.5, 77.5, 127.5]);
  assert.deepEqual(imagesOf(differenceImages, frames), [177.5, 77.5, 127.5]);
});

test('the middle frame of each window', () => {
  const frames = Array.from({ length: 12 }, (_, t) => [t, t, t]);
  const middles = (window: number | null) => imagesOf(middleFrames, frames, window).filter((_, i) => i % 3 === 0);
  assert.deepEqual(middles(4), [2, 6, 10]);
  assert.deepEqual(middles(3), [1, 4, 7, 10]);
  assert.deepEqual(middles(null), [6]);
});

test('videos, snippets and windows are apart, nothing is left behind, and x stays', () => {
  const x = seeded<tf.Rank.R6>([2, 3, 4, 5, 6, 3], 'videos', 0, 255);
  for (const make of [dynamicImages, differenceImages, middleFrames]) {
    assertLeavesNothing(() => make(x, 2));
    const all = make(x, 2);
    assert.deepEqual(all.shape, [2, 3, 2, 5, 6, 3]);
    const part = tf.tidy(() => make(tf.slice(x, [1, 2, 2], [1, 1, 2]), null));
    const same = tf.tidy(() => tf.slice(all, [1, 2, 1], [1, 1, 1]));
    assertClose(part.dataSync(), same.dataSync(), 1e-6);
    tf.dispose([all, part, same]);
  }
  const before = tf.memory().numTensors;
  assert.throws(() => dynamicImages(x, 3), { name: 'RangeError', message: /^4 frames are not a whole number/ });
  assert.equal(tf.memory().numTensors, before);
});
