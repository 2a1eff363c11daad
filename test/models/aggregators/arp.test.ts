import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arpAggregator, arpWeights, balancedArpWeights } from '../../../src/models/aggregators/arp.js';
import { goldenAggregators } from '../../support/aggregators.js';
import { assertClose, seededArray } from '../../support/numeric.js';

const { arp: golden } = goldenAggregators;

const kinds = ['timeMean', 'plain'] as const;

for (const [steps, expected] of Object.entries(golden))
  test(`golden weights of ${steps} steps`, () => {
    for (const kind of kinds) assertClose(arpWeights(Number(steps), kind), expected[kind], 1e-9, kind);
  });

test('weights add up to 0; a single step has the weight 1', () => {
  for (const kind of kinds) {
    assert.deepEqual([...arpWeights(1, kind)], [1]);
    for (let steps = 2; steps < 40; steps++)
      assert.ok(Math.abs(arpWeights(steps, kind).reduce((sum, weight) => sum + weight, 0)) < 1e-10);
  }
});

test('the weighted sum is that of the differences of all pairs of means', () => {
  const values = seededArray(7, 'pairs');
  const means = values.map((_, t) => values.slice(0, t + 1).reduce((sum, x) => sum + x, 0) / (t + 1));
  const pairs = (of: Float32Array) =>
    of.reduce((sum, late, q) => sum + of.slice(0, q).reduce((inner, early) => inner + late - early, 0), 0);
  const weighted = (kind: (typeof kinds)[number]) => arpWeights(7, kind).reduce((sum, w, t) => sum + w * values[t]!, 0);
  assertClose([weighted('timeMean'), weighted('plain')], [pairs(means), pairs(values)], 1e-6);
});

test('balanced weights make the difference of two means', () => {
  const weights = balancedArpWeights(5, 'plain');
  assertClose(weights, [-2 / 3, -1 / 3, 0, 1 / 3, 2 / 3], 1e-15);
});

test('the aggregator takes the balanced weights, there and back', () => {
  const rows = { data: Float64Array.of(1, 10, 2, 20, 4, 40), count: 3, channels: 2 };
  const aggregated = arpAggregator(2, 'plain').aggregate(rows, {});
  assertClose(aggregated.value, [3, 30], 1e-15);
  assertClose(aggregated.backward(Float64Array.of(1, 5)).rows, [-1, -5, 0, 0, 1, 5], 1e-15);
});
