import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochBatches, joinBytes } from '../../src/stages/batches.js';

const items = Array.from({ length: 23 }, (_, i) => `video ${i}`);

test('an epoch has every item once, in batches of which the last may be smaller', () => {
  const batches = epochBatches(items, 5, 1, 'joint', 0);
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [5, 5, 5, 5, 3],
  );
  assert.deepEqual(batches.flat().sort(), [...items].sort());
  assert.notDeepEqual(batches.flat(), items);
});

test('the order hangs on seed, stage and epoch alone', () => {
  const order = (seed: number, stage: string, epoch: number) => epochBatches(items, 5, seed, stage, epoch).flat();
  assert.deepEqual(order(1, 'joint', 3), order(1, 'joint', 3));
  for (const other of [order(2, 'joint', 3), order(1, 'head', 3), order(1, 'joint', 4)])
    assert.notDeepEqual(other, order(1, 'joint', 3));
  assert.deepEqual(epochBatches(items, 4, 1, 'joint', 3).flat(), order(1, 'joint', 3));
});

test('few items, and none', () => {
  assert.deepEqual(epochBatches(['a'], 8, 0, 'head', 0), [['a']]);
  assert.deepEqual(epochBatches([], 8, 0, 'head', 0), []);
});

test('bytes of samples, end to end as numbers', () => {
  assert.deepEqual(joinBytes([Uint8Array.of(0, 255), Uint8Array.of(7)]), Float32Array.of(0, 255, 7));
});
