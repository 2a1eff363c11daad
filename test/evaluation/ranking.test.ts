import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byFallingScore, groupBy } from '../../src/evaluation/ranking.js';

describe('byFallingScore', () => {
  it('ranks as a stable sort does, whatever the scores; NaN last, -0 as 0', () => {
    const odd = [0.5, -0, 0, NaN, -1, Infinity, 5e-324, -Infinity, 0.5, -5e-324, NaN, 1e300, -1e300, -0, 0.25];
    let seed = 1;
    const many = Array.from({ length: 20_000 }, () => (seed = (seed * 48271) % 0x7fffffff) % 5000).map(
      (n) => n / 7 - 300,
    );
    for (const scores of [[], [1], [2, 2, 2], odd, [...odd, ...many]]) {
      const value = (i: number) => (Number.isNaN(scores[i]) ? -Number.MAX_VALUE * 2 : scores[i]!);
      const expected = scores.map((_, i) => i);
      expected.sort((a, b) => (value(b) > value(a) ? 1 : value(b) < value(a) ? -1 : 0));
      const last = expected.filter((i) => Number.isNaN(scores[i]));
      const ranked = [...expected.filter((i) => !Number.isNaN(scores[i])), ...last];
      assert.deepEqual([...byFallingScore(Float64Array.from(scores))], ranked);
    }
  });
});

describe('groupBy', () => {
  it('cuts an order into groups and leaves negative keys out', () => {
    const { members, offset } = groupBy(Int32Array.of(2, -1, 0, 2), 3, Int32Array.of(3, 2, 1, 0));
    assert.deepEqual([...members], [2, 3, 0]);
    assert.deepEqual([...offset], [0, 1, 1, 3]);
  });
});
