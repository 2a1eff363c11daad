import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockLayout, pastRows } from '../../../src/models/heads/sequence-blocks.js';

/** The outputs that a row gets, as [step, block]. */
const parts = ({ count, means }: ReturnType<typeof blockLayout>, row: number) =>
  [...means[row]!.columns].map((column) => [Math.floor(column / count), column % count]);

test('blocks are a stride apart, and the last one ends with the video', () => {
  const layout = blockLayout([7], 9, { block: 4, stride: 2 });
  assert.equal(layout.count, 3);
  // Blocks begin at 0, 2 and 3; step by step.
  assert.deepEqual(layout.rows, [0, 2, 3, 1, 3, 4, 2, 4, 5, 3, 5, 6]);
  assert.deepEqual(parts(layout, 0), [[0, 0]]);
  assert.deepEqual(parts(layout, 3), [[0, 2], [1, 1], [3, 0]]); // prettier-ignore
  assert.deepEqual(
    [...layout.means[3]!.values],
    [1, 1, 1].map((one) => Math.fround(one / 3)),
  );
  // Behind the video there is nothing.
  assert.deepEqual([layout.means[7]!.columns.length, layout.means[8]!.columns.length], [0, 0]);
});

test('a video of fewer snippets is one block, whose rest sees the last snippet and counts for nothing', () => {
  const layout = blockLayout([2, 4], 5, { block: 4, stride: 4 });
  assert.equal(layout.count, 2);
  assert.deepEqual(layout.rows, [0, 5, 1, 6, 1, 7, 1, 8]);
  assert.deepEqual(parts(layout, 1), [[1, 0]]);
  const counts = layout.means.map(({ columns }) => columns.length);
  assert.deepEqual(counts, [1, 1, 0, 0, 0, 1, 1, 1, 1, 0]);
});

test('every snippet of a video is in a block, whatever its length', () => {
  for (let length = 1; length < 60; length++) {
    const { means, rows, count } = blockLayout([length], 60, { block: 16, stride: 8 });
    assert.equal(count, length <= 16 ? 1 : 1 + Math.ceil((length - 16) / 8));
    assert.ok(rows.every((row) => row < length));
    means.forEach(({ columns, values }, t) => {
      assert.equal(columns.length > 0, t < length);
      if (t < length) assert.ok(Math.abs(values.reduce((a, b) => a + b, 0) - 1) < 1e-6);
    });
  }
});

test('what comes before a snippet stands still before the first one, and never reaches the snippet itself', () => {
  // Items of 3 and 1 snippets: four snippets, two steps before each.
  assert.deepEqual(pastRows([3, 1], 4, 2), [0, 0, 0, 4, 0, 0, 1, 4]);
});
