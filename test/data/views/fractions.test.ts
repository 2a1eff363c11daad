import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fractionOf, secondsOf } from '../../../src/data/views/fractions.js';
import { resampled } from '../../../src/data/views/sampling.js';
import type { Clock } from '../../../src/video/clock.js';

/** 20 frames of 0.5 s, then 20 of 0.1 s, from second 1. */
const uneven: Clock = {
  frames: 40,
  fps: 40 / 12,
  start: 1,
  duration: 13,
  times: [
    [0, 1],
    [20, 11],
    [40, 13],
  ],
};

test('at a constant rate a fraction is one of the duration, to the bit', () => {
  const video = { frames: 513, fps: 10, duration: 51.3 };
  for (const x of [0, 0.1, 1 / 3, 0.77, 1]) {
    assert.equal(secondsOf(video, null, x), x * 51.3);
    assert.equal(fractionOf(video, 25, x), x / 51.3);
  }
});

test('a picture that begins late has its fractions between its own ends', () => {
  const video = { frames: 513, fps: 10, start: 5, duration: 56.3 };
  assert.equal(secondsOf(video, null, 0), 5);
  assert.ok(Math.abs(secondsOf(video, null, 1) - 56.3) < 1e-9);
  assert.ok(Math.abs(fractionOf(video, null, 10.13) - 0.1) < 1e-9);
});

test('at a variable rate fractions are even in frames, or in time at a rate of their own', () => {
  assert.equal(secondsOf(uneven, null, 0.5), 11);
  assert.equal(secondsOf(uneven, null, 0.75), 12);
  assert.equal(fractionOf(uneven, null, 6), 0.25);
  assert.equal(secondsOf(uneven, 5, 0.5), 7);
  assert.equal(fractionOf(uneven, 5, 7), 0.5);
});

test('a variable rate is resampled by the times of its frames', () => {
  const { frames, own } = resampled(uneven, 5);
  assert.equal(frames, 60);
  // 2 s after its start the fifth frame is shown; 10.5 s after it the 26th, of the short ones.
  assert.deepEqual([0, 10, 50, 52.5, 59].map(own), [0, 4, 20, 25, 38]);
  // The stretch of the last 20 frames lasts 2 s.
  const last = resampled(uneven, 5, { from: 20, count: 20 });
  assert.equal(last.frames, 10);
  assert.deepEqual([0, 1, 9].map(last.own), [20, 22, 38]);
});

test('a stretch at a constant rate is resampled within itself', () => {
  const { frames, own } = resampled({ frames: 100, fps: 30 }, 15, { from: 10, count: 9 });
  assert.equal(frames, 5);
  assert.deepEqual([0, 1, 4, 5].map(own), [10, 12, 18, 18]);
});
