import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateless } from '../../../src/train/batches/batch-source.js';
import { evenSizes, shuffled } from '../../../src/train/samplers/shuffled.js';

test('shuffled: every item once an epoch, in another order each, the same for the same seed', () => {
  const sizes = evenSizes(11, 4);
  assert.deepEqual(sizes, [4, 4, 3]);
  const classes = Array.from({ length: 11 }, () => []);
  const epoch = (number: number, seed = 1) => {
    const batchOf = shuffled({ classes, sizes: () => sizes }, seed, 'joint').epoch(stateless, number);
    return sizes.map((_, batch) => batchOf(batch).items.map(({ item }) => item));
  };
  assert.deepEqual(
    epoch(0).map((batch) => batch.length),
    [4, 4, 3],
  );
  assert.deepEqual(
    [...epoch(0).flat()].sort((a, b) => a - b),
    classes.map((_, i) => i),
  );
  assert.deepEqual(epoch(3), epoch(3));
  assert.notDeepEqual(epoch(0), epoch(1));
  assert.notDeepEqual(epoch(0), epoch(0, 2));
  assert.deepEqual(evenSizes(0, 4), []);
});
