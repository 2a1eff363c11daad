import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../../src/engine/random.js';
import { drawRows, mostRows } from '../../../../src/models/aggregators/codebooks/draw-rows.js';
import { kMeans } from '../../../../src/models/aggregators/codebooks/k-means.js';
import { plantedRows, rowsOf, seededRows } from '../../../support/aggregators.js';
import { assertClose } from '../../../support/numeric.js';

const places = [
  [-4, -4, 0],
  [-4, 4, 1],
  [4, -4, 2],
  [4, 4, 3],
];
const sorted = (centres: Float64Array, channels: number) =>
  Array.from({ length: centres.length / channels }, (_, k) => [
    ...centres.subarray(k * channels, (k + 1) * channels),
  ]).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);

describe('k-means', () => {
  it('finds planted clusters, from any seed', () => {
    const { rows, means } = plantedRows(places, 50, 0.3);
    for (let seed = 0; seed < 5; seed++) {
      const { centres, words, distances } = kMeans(rows, 4, randomStream(seed, 'k'));
      assertClose(sorted(centres, 3).flat(), means.flat(), 1e-12, `seed ${seed}`);
      assert.equal(new Set(words.subarray(0, 50)).size, 1);
      const at = words[7]! * 3;
      const apart = [0, 1, 2].reduce((sum, d) => sum + (rows.data[7 * 3 + d]! - centres[at + d]!) ** 2, 0);
      assertClose([distances[7]!], [apart], 1e-12);
    }
  });

  it('gives the same bits for the same seed', () => {
    const rows = seededRows(300, 5, 'same');
    assert.deepEqual(kMeans(rows, 12, randomStream(3, 'k')), kMeans(rows, 12, randomStream(3, 'k')));
    assert.notDeepEqual(kMeans(rows, 12, randomStream(3, 'k')), kMeans(rows, 12, randomStream(4, 'k')));
  });

  it('ends where every centre is the mean of the rows that are nearest to it', () => {
    const rows = seededRows(200, 2, 'settled');
    const { centres, words } = kMeans(rows, 8, randomStream(0, 'k'));
    for (let k = 0; k < 8; k++) {
      const own = [...words.keys()].filter((n) => words[n] === k);
      assert.ok(own.length > 0);
      for (const d of [0, 1])
        assertClose([own.reduce((sum, n) => sum + rows.data[2 * n + d]!, 0) / own.length], [centres[2 * k + d]!], 1e-9);
    }
  });

  it('puts all centres on the same place where all rows are equal', () => {
    const rows = { data: new Float64Array(12).fill(0.1), count: 4, channels: 3 };
    const { centres, words, distances } = kMeans(rows, 5, randomStream(0, 'k'));
    assertClose(centres, new Float64Array(15).fill(0.1), 1e-15);
    assert.deepEqual([...words], [0, 0, 0, 0]);
    assert.ok(distances.every((distance) => distance < 1e-30));
  });

  it('gives every different row a centre where there are not more of them than centres', () => {
    const rows = rowsOf([[1], [5], [1], [9], [5]]);
    for (let seed = 0; seed < 5; seed++) {
      const { centres, distances } = kMeans(rows, 6, randomStream(seed, 'k'));
      assert.deepEqual([...new Set(centres)].sort(), [1, 5, 9]);
      assert.deepEqual([...distances], [0, 0, 0, 0, 0]);
    }
    assert.deepEqual([...kMeans(rowsOf([[2, 3]]), 2, randomStream(0, 'k')).centres], [2, 3, 2, 3]);
  });

  it('refuses no rows', () => {
    assert.throws(
      () => kMeans({ data: new Float64Array(), count: 0, channels: 3 }, 2, randomStream(0, 'k')),
      /at least one row/,
    );
  });
});

describe('drawing rows', () => {
  it('takes all where they are few', () => {
    const rows = seededRows(10, 2, 'few');
    assert.equal(drawRows(rows, randomStream(0, 'draw')), rows);
  });

  it('takes some of many, each once, by the seed', () => {
    const count = mostRows + 500;
    const rows = { data: Float64Array.from({ length: 2 * count }, (_, i) => i), count, channels: 2 };
    const drawn = drawRows(rows, randomStream(0, 'draw'));
    const starts = [...drawn.data].filter((_, i) => i % 2 === 0);
    assert.equal(drawn.count, mostRows);
    assert.equal(new Set(starts).size, mostRows);
    assert.ok(starts.every((x, i) => x % 2 === 0 && drawn.data[2 * i + 1] === x + 1));
    assert.ok(Math.max(...starts) > 2 * mostRows);
    assert.deepEqual(drawRows(rows, randomStream(0, 'draw')), drawn);
  });
});
