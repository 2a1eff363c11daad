import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { temporalIou } from '../../../src/evaluation/segments.js';
import { softNms, type Proposal } from '../../../src/evaluation/suppression/soft-nms.js';

const four: Proposal[] = [
  { start: 0, end: 0.5, score: 0.9 },
  { start: 0.1, end: 0.6, score: 0.8 },
  { start: 0.55, end: 0.9, score: 0.7 },
  { start: 0, end: 0.2, score: 0.3 },
];

describe('softNms', () => {
  for (const [sigma, third] of [
    [0.84, 0.46912],
    [0.8, 0.45677],
  ] as const) {
    it(`gives the worked example at sigma ${sigma}, and drops the last proposal`, () => {
      const kept = softNms(four, { sigma, keep: 100 });
      assert.deepEqual(
        kept.map((p) => [p.start, p.end]),
        [
          [0, 0.5],
          [0.55, 0.9],
          [0.1, 0.6],
        ],
      );
      assert.deepEqual(
        kept.slice(0, 2).map((p) => p.score),
        [0.9, 0.7],
      );
      assert.ok(Math.abs(kept[2]!.score - third) < 5e-6, String(kept[2]!.score));
    });
  }

  it('stops at `keep` and leaves its input as it was', () => {
    const input = structuredClone(four);
    assert.equal(softNms(input, { sigma: 0.84, keep: 2 }).length, 2);
    assert.deepEqual(input, four);
  });

  it('gives nothing for one proposal or none (the last one is dropped)', () => {
    assert.deepEqual(softNms(four.slice(0, 1), { sigma: 0.84, keep: 100 }), []);
    assert.deepEqual(softNms([], { sigma: 0.84, keep: 100 }), []);
  });
});

describe('temporalIou', () => {
  it('is the share of the union that both cover', () => {
    assert.equal(temporalIou(0, 10, 5, 15), 5 / 15);
    assert.equal(temporalIou(0, 10, 0, 10), 1);
    assert.equal(temporalIou(0, 1, 2, 3), 0);
  });
});
