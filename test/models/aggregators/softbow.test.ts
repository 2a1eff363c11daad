import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import type { FeatureRows, ParameterValues } from '../../../src/models/aggregators/aggregator.js';
import { histogram } from '../../../src/models/aggregators/bow.js';
import { logSigmaLimit, softAssignment } from '../../../src/models/aggregators/soft-assignment.js';
import { softbowAggregator } from '../../../src/models/aggregators/softbow.js';
import { checkGradients, goldenAggregators, rowsOf, seededRows } from '../../support/aggregators.js';
import { assertClose } from '../../support/numeric.js';

const golden = goldenAggregators.softAgg;
const [words, channels] = [5, 3];
const t1 = softbowAggregator(channels, { words, shapes: false });
const t2 = softbowAggregator(channels, { words, shapes: true });

function someValues(name: string): ParameterValues {
  const random = randomStream(7, 'values', name);
  return {
    'aggregator.codebook': seededRows(words, channels, `${name} codebook`).data,
    'aggregator.log_gamma': Float64Array.of(random.between(-1, 0.5)),
    'aggregator.log_sigma': Float64Array.from({ length: words * channels }, () => random.between(-0.5, 0.5)),
  };
}

const permuted = ({ data, count, channels }: FeatureRows): FeatureRows => ({
  data: Float64Array.from(data, (_, i) => data[(count - 1 - Math.floor(i / channels)) * channels + (i % channels)]!),
  count,
  channels,
});

test('values and gradients are the golden ones', () => {
  const soft = softAssignment(rowsOf(golden.F), {
    codebook: Float64Array.from(golden.codebook.flat()),
    logSigma: Float64Array.from(golden.logSigma.flat()),
    gamma: golden.gamma,
  });
  assertClose(soft.mean, golden.R, 1e-9, 'R');
  const gradient = soft.backward(Float64Array.from(golden.gR));
  assertClose(gradient.codebook, golden.dCodebook.flat(), 1e-9, 'codebook');
  assertClose(gradient.logSigma, golden.dLogSigma.flat(), 1e-9, 'log sigma');
  assertClose([gradient.gamma], [golden.dGamma], 1e-9, 'gamma');
  assertClose(gradient.rows, golden.dF.flat(), 1e-9, 'rows');
});

for (const seed of ['one', 'two'])
  test(`gradients are those of central differences: ${seed}`, () => {
    const { 'aggregator.log_sigma': logSigma, ...values } = someValues(seed);
    const rows = seededRows(7, channels, seed);
    checkGradients(t1, rows, values);
    checkGradients(t2, rows, { ...values, 'aggregator.log_sigma': logSigma! });
  });

test('shares of a row add up to 1, and so do their means', () => {
  const values = someValues('sums');
  const { shares, mean } = softAssignment(seededRows(20, channels, 'sums'), {
    codebook: values['aggregator.codebook']!,
    gamma: 3,
  });
  for (let n = 0; n < 20; n++)
    assertClose([shares.subarray(n * words, (n + 1) * words).reduce((a, b) => a + b)], [1], 1e-14);
  assertClose([mean.reduce((a, b) => a + b)], [1], 1e-14);
  const { value } = t2.aggregate(seededRows(20, channels, 'sums'), values);
  assertClose([value.reduce((a, b) => a + b)], [words], 1e-14);
});

test('neither the order of the rows matters nor how often all of them stand there', () => {
  const values = someValues('order');
  const rows = seededRows(9, channels, 'order');
  const twice = { ...rows, data: Float64Array.from([...rows.data, ...rows.data]), count: 18 };
  for (const aggregator of [t1, t2]) {
    const { value } = aggregator.aggregate(rows, values);
    assertClose(aggregator.aggregate(permuted(rows), values).value, value, 1e-14, 'order');
    assertClose(aggregator.aggregate(twice, values).value, value, 1e-14, 'twice');
  }
});

test('shapes of 1 change nothing', () => {
  const values = { ...someValues('shapes'), 'aggregator.log_sigma': new Float64Array(words * channels) };
  const rows = seededRows(6, channels, 'shapes');
  assert.deepEqual(t2.aggregate(rows, values).value, t1.aggregate(rows, values).value);
});

test('with a large gamma it is the hard bag of words', () => {
  const codebook = someValues('hard')['aggregator.codebook']!;
  const rows = seededRows(40, channels, 'hard');
  assertClose(softAssignment(rows, { codebook, gamma: 1e6 }).mean, histogram(rows, codebook), 1e-14);
});

test('log sigma beyond its limits counts as the limit, and has no gradient', () => {
  const values = someValues('limits');
  const rows = seededRows(6, channels, 'limits');
  const limited = values['aggregator.log_sigma']!.slice();
  limited.set([logSigmaLimit, -logSigmaLimit]);
  const beyond = limited.slice();
  beyond.set([30, -30]);
  const result = t2.aggregate(rows, { ...values, 'aggregator.log_sigma': beyond });
  assert.deepEqual(result.value, t2.aggregate(rows, { ...values, 'aggregator.log_sigma': limited }).value);
  const gradient = result.backward(Float64Array.of(1, -1, 2, 0, 3)).parameters['aggregator.log_sigma']!;
  assert.deepEqual([...gradient.subarray(0, 2)], [0, 0]);
  assert.ok(gradient.subarray(2).every((d) => d !== 0));
});

test('distant rows give numbers', () => {
  const values = someValues('far');
  const rows = { ...seededRows(3, channels, 'far'), data: Float64Array.from({ length: 9 }, (_, i) => 1e8 * (i - 4)) };
  for (const aggregator of [t1, t2]) {
    const result = aggregator.aggregate(rows, values);
    const gradient = result.backward(Float64Array.of(1, -1, 2, 0, 3));
    for (const list of [result.value, gradient.rows, ...Object.values(gradient.parameters)])
      assert.ok(list.every(Number.isFinite));
  }
});

test('fitted: words are centres, gamma follows from the distances', () => {
  // Two heaps of two rows, 1 to either side of their centres.
  const sample = rowsOf([[0], [2], [10], [12]]);
  const values = softbowAggregator(1, { words: 2, shapes: true }).fit!(sample, randomStream(1, 'fit'));
  assert.deepEqual([...values['aggregator.codebook']!].sort(), [1, 11]);
  assert.deepEqual([...values['aggregator.log_sigma']!], [0, 0]);
  assertClose([Math.exp(values['aggregator.log_gamma']![0]!)], [1 / 2], 1e-14);
});

test('fitted to equal rows it gives numbers', () => {
  const sample = { data: new Float64Array(3 * channels).fill(0.25), count: 3, channels };
  const values = t2.fit!(sample, randomStream(1, 'equal'));
  assert.deepEqual(Object.keys(values).sort(), t2.parameters.map(({ name }) => name).sort());
  assert.equal(values['aggregator.log_gamma']![0], -0);
  assertClose(t2.aggregate(sample, values).value, new Float64Array(words).fill(1), 1e-14);
});
