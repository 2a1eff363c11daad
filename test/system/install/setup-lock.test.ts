import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../../../src/system/install/setup-lock.js';
import { temporaryFolder } from '../../support/temporary.js';

const unexpected = () => {
  throw new Error('nobody else holds the lock');
};

test('works under one lock never overlap, and each one that waits is told once', async (t) => {
  const folder = temporaryFolder(t);
  let inside = 0;
  let waits = 0;
  const work = async () => {
    assert.equal(++inside, 1);
    await sleep(50);
    inside--;
    return 'done';
  };
  const wait = () => {
    waits++;
  };
  const results = await Promise.all([1, 2, 3].map(() => withLock(folder, wait, work)));
  assert.deepEqual(results, ['done', 'done', 'done']);
  assert.equal(waits, 2);
  assert.deepEqual(readdirSync(folder), []);
});

test('a failure inside is passed on and frees the lock', async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(
    withLock(folder, unexpected, () => Promise.reject(new Error('inside'))),
    /inside/,
  );
  assert.equal(await withLock(folder, unexpected, () => Promise.resolve(1)), 1);
});

test('the lock of a process that died is taken over', async (t) => {
  const folder = temporaryFolder(t);
  const lock = path.join(folder, 'set-up.lock');
  mkdirSync(lock);
  const minuteAgo = Date.now() / 1000 - 60;
  utimesSync(lock, minuteAgo, minuteAgo);
  assert.equal(await withLock(folder, unexpected, () => Promise.resolve(1)), 1);
});

test('taking a lock leaves the signals to the program', async (t) => {
  const before = process.listenerCount('SIGTERM');
  await withLock(temporaryFolder(t), unexpected, () => Promise.resolve());
  assert.equal(process.listenerCount('SIGTERM'), before);
});
