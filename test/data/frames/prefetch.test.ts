import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { prefetch } from '../../../src/data/frames/prefetch.js';

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

test('results come in order, with at most so many ahead', async () => {
  let running = 0;
  let most = 0;
  let started = 0;
  let taken = 0;
  const jobs = Array.from({ length: 20 }, (_, i) => async () => {
    started++;
    most = Math.max(most, ++running);
    await sleep((i * 7) % 5);
    running--;
    return i;
  });
  const results: number[] = [];
  for await (const result of prefetch(jobs, 3)) {
    results.push(result);
    taken++;
    await sleep(2);
    assert.ok(started - taken <= 3, `${started} started, ${taken} taken`);
  }
  assert.deepEqual(
    results,
    jobs.map((_, i) => i),
  );
  assert.equal(most, 3);
});

test('the next jobs run while a result is used', async () => {
  let started = 0;
  const jobs = Array.from({ length: 5 }, () => () => Promise.resolve(++started));
  const source = prefetch(jobs, 2);
  await source.next();
  await sleep(1);
  assert.equal(started, 3);
  await source.return();
});

test('falsy results and an empty list', async () => {
  const jobs = [undefined, 0, null, false].map((value) => () => Promise.resolve(value));
  assert.deepEqual(await collect(prefetch(jobs, 2)), [undefined, 0, null, false]);
  assert.deepEqual(await collect(prefetch([], 2)), []);
});

test('an error comes at its turn, and no other is left unhandled', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  let started = 0;
  const jobs = Array.from({ length: 10 }, (_, i) => () => {
    started++;
    if (i === 3) throw new Error('thrown, not rejected');
    return i >= 2 ? Promise.reject(new Error(`job ${i}`)) : sleep(10, i);
  });
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const result of prefetch(jobs, 4)) seen.push(result);
  }, /job 2/);
  await sleep(20);
  process.off('unhandledRejection', note);
  assert.deepEqual(seen, [0, 1]);
  assert.deepEqual(unhandled, []);
  assert.ok(started <= 6, 'no job is started after the error');
});

test('an early return stops, and ends the list of jobs', async () => {
  let started = 0;
  let closed = false;
  function* jobs() {
    try {
      for (;;) yield () => sleep(1, started++);
    } finally {
      closed = true;
    }
  }
  for await (const result of prefetch(jobs(), 3)) if (result === 2) break;
  const before = started;
  await sleep(10);
  assert.ok(closed);
  assert.ok(started <= before + 3 && started <= 6);
});
