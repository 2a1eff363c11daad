import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import { posteriors } from '../../../src/models/aggregators/codebooks/posteriors.js';
import { fisherAggregator, scores } from '../../../src/models/aggregators/fisher.js';
import { checkGradients, goldenAggregators, rowsOf, seededRows } from '../../support/aggregators.js';
import { assertClose } from '../../support/numeric.js';

const golden = goldenAggregators.classicAgg;
const rows = rowsOf(goldenAggregators.softAgg.F);
const mixture = {
  weights: Float64Array.from(golden.gmm.weights),
  means: Float64Array.from(golden.gmm.means.flat()),
  variances: Float64Array.from(golden.gmm.var.flat()),
};
const [words, channels] = [3, 4];
const ones = (length: number) => new Float64Array(length).fill(1);

describe('Fisher vectors', () => {
  const fisher = fisherAggregator(channels, { words });

  it('are the golden ones', () => {
    assertClose(posteriors(rows, mixture).posteriors, golden.posterior.flat(), 1e-9);
    assertClose(scores(rows, mixture).value, golden.fvRaw, 1e-9);
    const { value } = fisherAggregator(2, { words: 3 }).aggregate(rows, {
      'aggregator.weights': mixture.weights,
      'aggregator.means': mixture.means,
      'aggregator.variances': mixture.variances,
    });
    assertClose(value, golden.fvNorm, 1e-9);
  });

  for (const seed of ['one', 'two'])
    it(`have the gradients of central differences: ${seed}`, () => {
      const some = seededRows(9, channels, seed);
      const random = randomStream(7, seed);
      const variances = Float64Array.from({ length: words * channels }, () => random.between(0.5, 3));
      const means = seededRows(words, channels, `${seed} centres`).data;
      const weights = Float64Array.of(0.5, 0.2, 0.3);
      assert.ok(
        scores(some, { weights, means, variances }).value.every((v) => Math.abs(v) > 1e-3),
        'away from kinks',
      );
      checkGradients(fisher, some, {
        'aggregator.weights': weights,
        'aggregator.means': means,
        'aggregator.variances': variances,
      });
    });

  it('are 0 for the mixture that fits best', () => {
    const { data, count } = seededRows(50, channels, 'best');
    const means = new Float64Array(channels);
    data.forEach((x, i) => (means[i % channels]! += x / count));
    const variances = new Float64Array(channels);
    data.forEach((x, i) => (variances[i % channels]! += (x - means[i % channels]!) ** 2 / count));
    const { value } = scores({ data, count, channels }, { weights: ones(1), means, variances });
    assert.ok(value.every((v) => Math.abs(v) < 1e-13));
    // Two heaps so far apart that each component has one.
    const heaps = {
      data: Float64Array.from([...data, ...data], (x, i) => x + (i < data.length ? -100 : 100)),
      count: 2 * count,
      channels,
    };
    const values = fisherAggregator(channels, { words: 2 }).fit!(heaps, randomStream(1, 'heaps'));
    const two = scores(heaps, {
      weights: values['aggregator.weights']!,
      means: values['aggregator.means']!,
      variances: values['aggregator.variances']!,
    });
    assert.ok(two.value.every((v) => Math.abs(v) < 1e-12));
  });

  it('ignore a component of weight 0', () => {
    const values = (weights: number[], places: number[]) => ({
      'aggregator.weights': Float64Array.from(weights),
      'aggregator.means': Float64Array.from(places),
      'aggregator.variances': ones(places.length),
    });
    const some = rowsOf([[1], [2]]);
    const result = fisherAggregator(1, { words: 2 }).aggregate(some, values([1, 0], [0, 1.5]));
    const alone = fisherAggregator(1, { words: 1 }).aggregate(some, values([1], [0]));
    assertClose(result.value, [alone.value[0]!, 0, alone.value[1]!, 0], 1e-14);
    assert.ok(result.backward(ones(4)).rows.every(Number.isFinite));
  });

  it('take rows whose densities no float64 holds', () => {
    const far = rowsOf([[1e5], [-1e5]]);
    const wide = { weights: Float64Array.of(0.5, 0.5), means: Float64Array.of(1, -1), variances: ones(2) };
    assertClose(posteriors(far, wide).posteriors, [1, 0, 0, 1], 1e-14);
  });
});
