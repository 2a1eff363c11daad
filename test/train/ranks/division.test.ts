import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import { divided, leavesIdle, microBatches, slotsOf, undivided } from '../../../src/train/ranks/division.js';
import { SumTree } from '../../../src/train/ranks/sum-tree.js';

/** The sum of a tree over places, as text. */
function treeOf(places: readonly number[]): string | undefined {
  const tree = new SumTree<string>((a, b) => `(${a}${b})`);
  for (const place of places) tree.push(place, String(place));
  return tree.take();
}

test('sums are those of a balanced tree, in which absent values are left out', () => {
  assert.equal(treeOf([]), undefined);
  assert.equal(treeOf([3]), '3');
  assert.equal(treeOf([0, 1, 2, 3]), '((01)(23))');
  assert.equal(treeOf([0, 1, 2]), '((01)2)');
  assert.equal(treeOf([0, 1, 2, 3, 4, 5]), '(((01)(23))(45))');
  assert.equal(treeOf([1, 2, 4, 7]), '((12)(47))');
  assert.equal(treeOf([0, 5]), '(05)');
});

test('sums of ranks, added in pairs 1, 2, 4, … apart, are the sum of one process to the bit', () => {
  const add = (a: number, b: number) => Math.fround(a + b);
  const random = randomStream(3, 'sum-tree');
  for (let trial = 0; trial < 300; trial++) {
    const sizes = Array.from({ length: 1 + random.below(17) }, () => 1 + random.below(3));
    const values = sizes.map(() =>
      random.uniform() < 0.2 ? null : Math.fround(random.normal() * 10 ** random.below(6)),
    );
    const sumOf = (micro: readonly number[]) => {
      const tree = new SumTree(add);
      for (const place of micro) if (values[place] !== null) tree.push(place, values[place]!);
      return tree.take();
    };
    const whole = sumOf(sizes.map((_, i) => i));
    for (const count of [2, 4, 8]) {
      const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
      let sums = Array.from({ length: count }, (_, rank) => {
        const { from, to } = slotsOf(sizes, { rank, count });
        return sumOf(starts.flatMap((start, place) => (from <= start && start < to ? [place] : []))) ?? -0;
      });
      for (let apart = 1; apart < count; apart *= 2)
        sums = sums.map((_, rank) => add(sums[Math.min(rank, rank ^ apart)]!, sums[Math.max(rank, rank ^ apart)]!));
      for (const sum of sums) assert.ok(Object.is(sum, whole ?? -0), `${sizes.length} micro-batches, ${count} ranks`);
    }
  }
});

test('the slots of ranks by hand: whole micro-batches, every item once', () => {
  assert.deepEqual(microBatches(5, 2), [2, 2, 1]);
  const all = (sizes: number[], count: number) =>
    Array.from({ length: count }, (_, rank) => Object.values(slotsOf(sizes, { rank, count })));
  assert.deepEqual(all([2, 2, 2, 2], 2), [
    [0, 4],
    [4, 8],
  ]);
  // Three micro-batches are a tree of four, of which the second rank has the second half.
  assert.deepEqual(all([2, 2, 1], 2), [
    [0, 4],
    [4, 5],
  ]);
  assert.deepEqual(all([3], 2), [
    [0, 3],
    [3, 3],
  ]);
});

test('micro-batches that lack items are smaller or left out, and keep the place that names them', () => {
  assert.deepEqual(divided([2, 2, 1], [0, 3, 4]), [
    { place: 0, slot: 0, from: 0, to: 1 },
    { place: 1, slot: 2, from: 1, to: 2 },
    { place: 2, slot: 4, from: 2, to: 3 },
  ]);
  assert.deepEqual(divided([2, 2], [2, 3]), [{ place: 1, slot: 2, from: 0, to: 2 }]);
  assert.deepEqual(
    undivided([1, 1]).micro.map(({ from, to }) => [from, to]),
    [
      [0, 1],
      [1, 2],
    ],
  );
  assert.equal(leavesIdle([2, 2], [0, 1, 2], 2), false);
  assert.equal(leavesIdle([2, 2], [0, 1], 2), true);
  assert.equal(leavesIdle([2, 2], [1], 1), false);
});
