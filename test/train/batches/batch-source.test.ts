import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPoint, stateless, statelessSource } from '../../../src/train/batches/batch-source.js';

test('points at which a state moves: after every so many batches, and at the end of an epoch', () => {
  const points = (every: number | undefined, total: number) => {
    const found: number[] = [];
    for (let done = 0; done < total; done = found.at(-1)!)
      found.push(nextPoint(every === undefined ? {} : { every }, done, total));
    return found;
  };
  assert.deepEqual(points(undefined, 7), [7]);
  assert.deepEqual(points(3, 7), [3, 6, 7]);
  assert.deepEqual(points(7, 7), [7]);
  assert.deepEqual(points(1, 3), [1, 2, 3]);
  // From the middle of a stretch, its own end.
  assert.equal(nextPoint({ every: 3 }, 4, 7), 6);
});

test('a source without state gives the batches of the numbers that it is asked for', async () => {
  // eslint-disable-next-line @typescript-eslint/require-await -- nothing is read
  const source = statelessSource(async function* (epoch, from, to) {
    for (let i = from; i < to; i++) yield [epoch, i];
  });
  const seen = [];
  for await (const batch of source.batches(stateless, 2, 1, 3)) seen.push(batch);
  assert.deepEqual(seen, [
    [2, 1],
    [2, 2],
  ]);
  assert.equal(source.initial, stateless);
});
