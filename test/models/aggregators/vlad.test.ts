import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestWords } from '../../../src/models/aggregators/codebooks/nearest-words.js';
import { residuals, vladAggregator } from '../../../src/models/aggregators/vlad.js';
import { checkGradients, goldenAggregators, rowsOf, seededRows } from '../../support/aggregators.js';
import { assertClose } from '../../support/numeric.js';

const golden = goldenAggregators.classicAgg;
const rows = rowsOf(goldenAggregators.softAgg.F);
const codebook = Float64Array.from(goldenAggregators.softAgg.codebook.flat());
const [words, channels] = [3, 4];

describe('VLAD', () => {
  const vlad = vladAggregator(channels, { words });

  it('is the golden one', () => {
    assertClose(residuals(rows, codebook).value, golden.vladRaw, 1e-9);
    const { value } = vladAggregator(2, { words: 3 }).aggregate(rows, { 'aggregator.codebook': codebook });
    assertClose(value, golden.vladNorm, 1e-9);
  });

  for (const seed of ['one', 'two'])
    it(`has the gradients of central differences: ${seed}`, () => {
      const some = seededRows(9, channels, seed);
      const centres = seededRows(words, channels, `${seed} centres`).data;
      // Away from the kinks: where an entry is 0, and where two words are equally near.
      const raw = residuals(some, centres).value;
      assert.ok(raw.every((v) => v === 0 || Math.abs(v) > 1e-3));
      for (let i = 0; i < some.data.length; i++)
        for (const by of [-1e-4, 1e-4]) {
          const data = some.data.slice();
          data[i]! += by;
          assert.deepEqual(nearestWords({ ...some, data }, centres).words, nearestWords(some, centres).words);
        }
      checkGradients(vlad, some, { 'aggregator.codebook': centres });
    });

  it('is 0, with a finite gradient, where the word is the mean', () => {
    const some = rowsOf([
      [1, 2],
      [3, 6],
    ]);
    const alone = vladAggregator(2, { words: 1 });
    const result = alone.aggregate(some, { 'aggregator.codebook': Float64Array.of(2, 4) });
    assert.deepEqual([...result.value], [0, 0]);
    assert.ok(result.backward(Float64Array.of(1, 1)).rows.every(Number.isFinite));
  });
});
