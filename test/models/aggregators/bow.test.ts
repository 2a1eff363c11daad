import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bowAggregator, histogram } from '../../../src/models/aggregators/bow.js';
import { nearestWords } from '../../../src/models/aggregators/codebooks/nearest-words.js';
import { goldenAggregators, rowsOf } from '../../support/aggregators.js';
import { assertClose } from '../../support/numeric.js';

const golden = goldenAggregators.classicAgg;
const rows = rowsOf(goldenAggregators.softAgg.F);
const codebook = Float64Array.from(goldenAggregators.softAgg.codebook.flat());

describe('bag of words', () => {
  it('is the golden histogram', () => {
    assert.deepEqual([...nearestWords(rows, codebook).words], golden.assign);
    assertClose(histogram(rows, codebook), golden.bow, 1e-9);
    const { value } = bowAggregator(2, { words: 3 }).aggregate(rows, { 'aggregator.codebook': codebook });
    assertClose(
      value,
      golden.bow.map((part) => 3 * part),
      1e-9,
    );
  });

  it('lets no gradient through', () => {
    const result = bowAggregator(2, { words: 3 }).aggregate(rows, { 'aggregator.codebook': codebook });
    assert.deepEqual(result.backward(new Float64Array(3).fill(1)), { rows: new Float64Array(12), parameters: {} });
  });

  it('gives equal distances to the first word', () => {
    const { words, distances } = nearestWords(rowsOf([[0], [5]]), Float64Array.of(1, -1, 5, 5));
    assert.deepEqual([...words], [0, 2]);
    assert.deepEqual([...distances], [1, 0]);
  });
});
