import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviation, mean, pairedDifference } from '../../tools/results/statistics.js';

test('mean and sample standard deviation', () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.equal(deviation([1, 3]), Math.SQRT2);
});

test('pairs are those of both; the interval is Student’s', () => {
  const values = new Map([
    [0, 5],
    [1, 7],
    [2, 100],
  ]);
  const others = new Map([
    [0, 4],
    [1, 4],
    [3, 0],
  ]);
  // The differences are 1 and 3: deviation √2, half width 12.706 · √2 / √2.
  assert.deepEqual(pairedDifference(values, others), { mean: 2, halfWidth: 12.706, pairs: 2 });
  assert.deepEqual(pairedDifference(new Map([[0, 5]]), others), { mean: 1, halfWidth: null, pairs: 1 });
  assert.equal(pairedDifference(new Map([[9, 5]]), others), null);
});

test('of many pairs the interval is the normal distribution’s', () => {
  const values = new Map(Array.from({ length: 40 }, (_, i) => [i, i % 2]));
  const none = new Map(Array.from({ length: 40 }, (_, i) => [i, 0]));
  assert.ok(Math.abs(pairedDifference(values, none)!.halfWidth! - (1.96 * Math.sqrt(10 / 39)) / Math.sqrt(40)) < 1e-12);
});
