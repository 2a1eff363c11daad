import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nms } from '../../../src/evaluation/suppression/nms.js';

const proposals = [
  { start: 1, end: 9, score: 0.5 }, // tIoU 0.8 with the best
  { start: 0, end: 10, score: 0.9 },
  { start: 5, end: 15, score: 0.8 }, // tIoU 1/3 with the best
  { start: 6, end: 16, score: 0.7, label: 'run' }, // 0.25 with the best, 9/11 with the second
  { start: 20, end: 30, score: 0.8 },
];

describe('nms', () => {
  it('drops what overlaps a better one that is kept with more than the threshold', () => {
    assert.deepEqual(nms(proposals, { tiou: 0.5, keep: 100 }), [proposals[1], proposals[2], proposals[4]]);
    // At 0.3 the second one is dropped, so it no longer suppresses the fourth.
    assert.deepEqual(nms(proposals, { tiou: 0.3, keep: 100 }), [proposals[1], proposals[4], proposals[3]]);
    // An overlap equal to the threshold is allowed.
    assert.ok(nms(proposals, { tiou: 0.8, keep: 100 }).includes(proposals[0]!));
  });

  it('stops at `keep`, and leaves its input as it was', () => {
    const input = structuredClone(proposals);
    assert.deepEqual(nms(input, { tiou: 0.5, keep: 1 }), [proposals[1]]);
    assert.deepEqual(input, proposals);
    assert.deepEqual(nms([], { tiou: 0.5, keep: 1 }), []);
  });
});
