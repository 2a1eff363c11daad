import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporalPlan } from '../../../../src/models/encoders/classic/temporal-plan.js';

test('of 10 frames slow fusion is the published one: extents 4, 2, 2 at steps of 2 leave 4, 2 and 1 positions', () => {
  assert.deepEqual(temporalPlan(10), [
    { extent: 4, stride: 2, left: 4 },
    { extent: 2, stride: 2, left: 2 },
    { extent: 2, stride: 2, left: 1 },
  ]);
});

test('for any number of frames every position is seen, in order, and one is left', () => {
  for (let frames = 1; frames <= 64; frames++) {
    let positions = frames;
    for (const { extent, stride, left } of temporalPlan(frames)) {
      assert.ok(left >= 1 && extent >= 1 && stride >= 1, `${frames}`);
      // The last window ends at the last position, and no position lies between two windows.
      assert.equal((left - 1) * stride + extent, positions, `${frames} frames`);
      assert.ok(left === 1 || stride <= extent, `${frames} frames`);
      positions = left;
    }
    assert.equal(positions, 1);
  }
});

test('shorter snippets keep as many positions as there can be', () => {
  const left = (frames: number) => temporalPlan(frames).map((step) => step.left);
  for (const frames of [4, 6, 8, 10, 16]) assert.deepEqual(left(frames), [4, 2, 1]);
  assert.deepEqual(left(3), [3, 2, 1]);
  assert.deepEqual(left(2), [2, 2, 1]);
  assert.deepEqual(left(1), [1, 1, 1]);
});

test('early fusion sees all frames at once, and the others have no convolution over time', () => {
  assert.deepEqual(temporalPlan(7, 'early'), [{ extent: 7, stride: 1, left: 1 }]);
  assert.deepEqual([temporalPlan(7, 'single'), temporalPlan(7, 'late')], [[], []]);
});
