import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawColor, recolor } from '../../../src/data/frames/color.js';
import { randomStream } from '../../../src/engine/random.js';

/** A stream that gives these draws: brightness, contrast, saturation as parts of the strength, -1 to 1. */
function drawing(...parts: number[]) {
  const random = randomStream(0);
  random.uniform = () => (parts.shift()! + 1) / 2;
  return random;
}

function changed(strength: number, parts: number[], pixels: number[]): number[] {
  const bytes = Uint8Array.from(pixels);
  recolor(bytes, drawColor(strength, drawing(...parts))!);
  return [...bytes];
}

test('brightness scales, contrast stretches around 128, saturation goes away from grey', () => {
  assert.deepEqual(changed(0.5, [1, 0, 0], [10, 100, 200]), [15, 150, 255]);
  assert.deepEqual(changed(0.5, [0, -1, 0], [0, 128, 228]), [64, 128, 178]);
  // The grey of (100, 0, 0) is 29.9; without saturation all three channels have it.
  assert.deepEqual(changed(1, [0, 0, -1], [100, 0, 0]), [30, 30, 30]);
  assert.deepEqual(changed(1, [0, 0, 1], [100, 50, 50]), [135, 35, 35]);
});

test('grey stays grey under saturation, and nothing changes where every factor is 1', () => {
  assert.deepEqual(changed(0.4, [0, 0, 0.7], [77, 77, 77]), [77, 77, 77]);
  const pixels = Array.from({ length: 30 }, (_, i) => (i * 37) % 256);
  assert.deepEqual(changed(0.4, [0, 0, 0], pixels), pixels);
});

test('off: nothing is drawn, so that other choices stay as they were', () => {
  const random = randomStream(3);
  assert.equal(drawColor(0, random), undefined);
  assert.equal(random.uniform(), randomStream(3).uniform());
});

test('the parts of an array that are not given stay', () => {
  const all = new Uint8Array(12).fill(100);
  recolor(all.subarray(3, 6), drawColor(0.5, drawing(1, 0, 0))!);
  assert.deepEqual([...all], [100, 100, 100, 150, 150, 150, 100, 100, 100, 100, 100, 100]);
});
