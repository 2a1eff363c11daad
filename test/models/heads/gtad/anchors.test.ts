import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignRow, alignWeights, anchors, regionOfInterest } from '../../../../src/models/heads/gtad/anchors.js';

test('anchors: all that fit, shorter ones first', () => {
  assert.deepEqual(
    anchors(3).map(({ start, duration }) => [start, duration]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
      [0, 1],
      [1, 1],
      [0, 2],
    ],
  );
  // docs/method.md §7.4
  for (const [snippets, count] of [
    [100, 5050],
    [50, 1275],
    [25, 325],
  ] as const)
    assert.equal(anchors(snippets).length, count);
});

test('anchors: no longer than what is asked for', () => {
  assert.deepEqual(
    anchors(4, 2).map(({ start, duration }) => [start, duration]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 0],
      [0, 1],
      [1, 1],
      [2, 1],
    ],
  );
  assert.deepEqual(anchors(3, 64), anchors(3));
  // THUMOS14 (docs/method.md §7.1): 256 snippets per window, at most 64 per anchor.
  assert.equal(anchors(256, 64).length, 256 * 64 - (64 * 63) / 2);
});

test('region of interest: the anchor and half its length on either side', () => {
  assert.deepEqual(regionOfInterest({ start: 4, duration: 0 }), [3.5, 4.5]);
  assert.deepEqual(regionOfInterest({ start: 4, duration: 3 }), [2, 9]);
});

/** docs/method.md §7.4: the expected vectors of the align op on nodes 1..10. */
const vectors: [region: [number, number], bins: number, expected: number[]][] = [
  [[-0.5, 9.5], 10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  [[0.1, 0.9], 10, [1.15, 1.25, 1.35, 1.45, 1.55, 1.65, 1.75, 1.85, 1.95, 2.05]],
  [[5, 5], 10, [6.05, 6.15, 6.25, 6.35, 6.45, 6.55, 6.65, 6.75, 6.85, 6.95]],
  [[-3, 4], 4, [0, 1.03125, 2.375, 4.125]],
  [[7, 13], 4, [8.75, 9.9375, 0, 0]],
  [[-3, 12], 4, [0.5703125, 3.625, 7.375, 4.9296875]],
];

for (const [region, bins, expected] of vectors) {
  test(`align op: region ${region.join(' to ')} in ${bins} bins`, () => {
    const weights = alignWeights(region, bins, 10);
    for (let bin = 0; bin < bins; bin++) {
      let value = 0;
      for (let node = 0; node < 10; node++) value += weights[bin * 10 + node]! * (node + 1);
      assert.ok(Math.abs(value - expected[bin]!) < 1e-12, `bin ${bin}: ${value}, not ${expected[bin]!}`);
    }
  });
}

test('row of the align matrix: the weights of both kinds of bins, by node and bin', () => {
  const bins = { inner: 3, context: 2 };
  for (const region of anchors(4).map(regionOfInterest)) {
    const row = new Float32Array(4 * 3 + 4 * 2);
    const { columns, values } = alignRow(region, bins, 4);
    columns.forEach((column, i) => (row[column] = values[i]!));
    const expected = [3, 2].flatMap((count) => {
      const weights = alignWeights(region, count, 4);
      return [0, 1, 2, 3].flatMap((t) => Array.from({ length: count }, (_, bin) => weights[bin * 4 + t]!));
    });
    assert.deepEqual(row, Float32Array.from(expected));
    assert.equal(values.length, expected.filter((weight) => weight !== 0).length);
    assert.deepEqual(columns, columns.slice().sort());
  }
});
