import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { weightedVoting } from '../../../src/evaluation/suppression/weighted-voting.js';

describe('weightedVoting', () => {
  it('moves ends to the mean of what overlaps, by score and tIoU', () => {
    const best = { start: 0, end: 10, score: 0.8, label: 'run' };
    const all = [best, { start: 0, end: 8, score: 0.5 }, { start: 5, end: 15, score: 0.9 }];
    // Weights 0.8 × 1 and 0.5 × 0.8; the third overlaps with 1/3.
    const [moved] = weightedVoting([best], all, { tiou: 0.5 });
    assert.equal(moved!.start, 0);
    assert.ok(Math.abs(moved!.end - (0.8 * 10 + 0.4 * 8) / 1.2) < 1e-12);
    assert.deepEqual([moved!.score, moved!.label], [0.8, 'run']);
    const [alone] = weightedVoting([best], all, { tiou: 0.9 });
    assert.deepEqual(alone, best);
  });

  it('leaves what has no vote', () => {
    const kept = [{ start: 0, end: 10, score: 0 }];
    assert.deepEqual(weightedVoting(kept, kept, { tiou: 0.5 }), kept);
    assert.deepEqual(weightedVoting(kept, [], { tiou: 0.5 }), kept);
  });
});
