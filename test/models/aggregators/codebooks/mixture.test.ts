import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../../../src/engine/random.js';
import { fitMixture } from '../../../../src/models/aggregators/codebooks/mixture.js';
import { posteriors } from '../../../../src/models/aggregators/codebooks/posteriors.js';
import { plantedRows, rowsOf, seededRows } from '../../../support/aggregators.js';
import { assertClose } from '../../../support/numeric.js';

const finite = (lists: readonly ArrayLike<number>[]) => lists.every((list) => Array.from(list).every(Number.isFinite));

test('finds planted components', () => {
  const { rows } = plantedRows(
    [
      [0, 0],
      [3, 0],
    ],
    2000,
    0.5,
  );
  const { weights, means, variances } = fitMixture(rows, 2, randomStream(0, 'em'));
  const [left, right] = means[0]! < means[2]! ? [0, 1] : [1, 0];
  // Deviations of the estimates are about 0.5/√2000 = 0.011 and 0.25·√(2/2000) = 0.008.
  const of = (list: Float64Array, k: number) => [...list.subarray(2 * k, 2 * k + 2)];
  for (const [actual, expected] of [
    [
      [weights[left]!, weights[right]!],
      [0.5, 0.5],
    ],
    [of(means, left), [0, 0]],
    [of(means, right), [3, 0]],
    [of(variances, left), [0.25, 0.25]],
    [of(variances, right), [0.25, 0.25]],
  ] as const)
    actual.forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) < 0.05, `${value} for ${expected[i]!}`);
    });
});

test('the likelihood never falls, and is that of the result at the end', () => {
  for (let seed = 0; seed < 4; seed++) {
    const rows = seededRows(150, 3, `likelihood ${seed}`);
    const mixture = fitMixture(rows, 6, randomStream(seed, 'em'));
    const { logLikelihoods } = mixture;
    assert.ok(logLikelihoods.length > 3);
    logLikelihoods.slice(1).forEach((value, i) => {
      assert.ok(value >= logLikelihoods[i]! - 1e-12, `step ${i}`);
    });
    assert.equal(posteriors(rows, mixture).logLikelihood, logLikelihoods.at(-1));
    assertClose([mixture.weights.reduce((a, b) => a + b)], [1], 1e-12);
  }
});

test('the log-likelihood is that of the normal density', () => {
  const mixture = {
    weights: Float64Array.of(0.25, 0.75),
    means: Float64Array.of(0, 2),
    variances: Float64Array.of(1, 4),
  };
  const density = (x: number) =>
    (0.25 * Math.exp(-(x ** 2) / 2)) / Math.sqrt(2 * Math.PI) +
    (0.75 * Math.exp(-((x - 2) ** 2) / 8)) / Math.sqrt(8 * Math.PI);
  const { logLikelihood } = posteriors(rowsOf([[1], [-0.5]]), mixture);
  assertClose([logLikelihood], [(Math.log(density(1)) + Math.log(density(-0.5))) / 2], 1e-14);
});

test('the same seed gives the same bits', () => {
  const rows = seededRows(100, 4, 'same');
  assert.deepEqual(fitMixture(rows, 5, randomStream(3, 'em')), fitMixture(rows, 5, randomStream(3, 'em')));
});

test('a channel in which all rows are equal gets the floor of the others', () => {
  const { data } = seededRows(60, 1, 'flat');
  const rows = {
    data: Float64Array.from({ length: 120 }, (_, i) => (i % 2 ? 5 : data[i >> 1]!)),
    count: 60,
    channels: 2,
  };
  const mean = data.reduce((a, b) => a + b) / 60;
  const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 60;
  const mixture = fitMixture(rows, 2, randomStream(0, 'em'));
  assertClose([mixture.variances[1]!, mixture.variances[3]!], [5e-7 * variance, 5e-7 * variance], 1e-9);
  assert.ok(finite(Object.values(mixture)));
});

test('equal rows, and fewer rows than components, give numbers', () => {
  for (const rows of [
    rowsOf([
      [3, 3],
      [3, 3],
      [3, 3],
    ]),
    rowsOf([[1, 2]]),
    rowsOf([
      [0, 0],
      [0, 0],
      [1, 1],
    ]),
  ]) {
    const mixture = fitMixture(rows, 4, randomStream(0, 'em'));
    assert.ok(finite(Object.values(mixture)));
    assert.ok(mixture.variances.every((variance) => variance >= 1e-12));
    assertClose([mixture.weights.reduce((a, b) => a + b)], [1], 1e-12);
    const expected = posteriors(rows, mixture);
    assert.ok(finite([expected.posteriors, [expected.logLikelihood]]));
  }
});
