import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../../src/system/parallel.js';

test('results in the order of the items, as many at a time as cores, each counted once', async () => {
  const items = Array.from({ length: 3 * availableParallelism() }, (_, i) => i);
  let [running, most] = [0, 0];
  const progress: [number, number][] = [];
  const results = await inParallel(
    items,
    async (item, index) => {
      most = Math.max(most, ++running);
      await sleep(item === 0 ? 30 : 1);
      running--;
      return item * 10 + index;
    },
    (done, total) => progress.push([done, total]),
  );
  assert.deepEqual(
    results,
    items.map((item) => item * 11),
  );
  assert.equal(most, availableParallelism());
  assert.deepEqual(
    progress,
    items.map((item) => [item + 1, items.length]),
  );
});

test('the first error is the whole work’s', async () => {
  const work = inParallel([1, 2, 3], (item) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item)));
  await assert.rejects(work, /^Error: two$/);
});
