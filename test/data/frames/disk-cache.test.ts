import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { diskCache } from '../../../src/data/frames/disk-cache.js';
import { randomStream } from '../../../src/engine/random.js';
import { temporaryFolder } from '../../support/temporary.js';

const bytes = (value: number, length = 1000) => new Uint8Array(length).fill(value);
const silent = (line: string) => {
  assert.fail(line);
};

/** Deletes a folder like `rm -r` in another shell, which fails if a file is written meanwhile. */
async function deleteOnce(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOTEMPTY');
  }
}

test('what was put comes back, to another process too; nothing else does', async (t) => {
  const folder = path.join(temporaryFolder(t), 'made', 'when', 'needed');
  const cache = diskCache(folder, 1e6, silent);
  assert.equal(await cache.get('a', 1000), undefined);
  await cache.put('a', bytes(7));
  await cache.put('b', bytes(8));
  assert.deepEqual(await diskCache(folder, 1e6, silent).get('a', 1000), bytes(7));
  assert.deepEqual(await cache.get('b', 1000), bytes(8));
  assert.equal(await cache.get('c', 1000), undefined);
});

test('damage of any kind is noticed, and the file goes away', async (t) => {
  const folder = temporaryFolder(t);
  const cache = diskCache(folder, 1e6, silent);
  const random = randomStream(1);
  const file = path.join(folder, 'a.frames');
  for (let trial = 0; trial < 60; trial++) {
    await cache.put('a', bytes(trial));
    const content = readFileSync(file);
    if (trial % 3 === 0) truncateSync(file, random.below(content.length));
    else {
      content[random.below(content.length)]! ^= 1 << random.below(8);
      writeFileSync(file, trial % 3 === 1 ? content : Buffer.concat([readFileSync(file), Buffer.of(0)]));
    }
    assert.equal(await cache.get('a', 1000), undefined, `trial ${trial}`);
    assert.ok(!existsSync(file));
  }
});

test('over the limit, what was used longest ago is thrown out first', async (t) => {
  const folder = temporaryFolder(t);
  const cache = diskCache(folder, 3 * 1032, silent);
  for (const [i, key] of ['a', 'b', 'c'].entries()) {
    await cache.put(key, bytes(1));
    utimesSync(path.join(folder, `${key}.frames`), 1000 + i, 1000 + i);
  }
  await cache.get('a', 1000);
  await cache.put('d', bytes(1));
  assert.deepEqual(readdirSync(folder).sort(), ['a.frames', 'c.frames', 'd.frames']);
  assert.ok(cache.fits(3 * 1032 - 32));
  assert.ok(!cache.fits(3 * 1032));
});

test('what a writer that died left behind goes after an hour; other files are left alone', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['.old.tmp', '.new.tmp', 'mine.txt']) writeFileSync(path.join(folder, name), 'x');
  utimesSync(path.join(folder, '.old.tmp'), 1000, 1000);
  await diskCache(folder, 1e6, silent).put('a', bytes(1));
  assert.deepEqual(readdirSync(folder).sort(), ['.new.tmp', 'a.frames', 'mine.txt']);
});

test('the folder may be deleted at any moment', async (t) => {
  const folder = path.join(temporaryFolder(t), 'cache');
  const cache = diskCache(folder, 1e6, silent);
  const work = Array.from({ length: 120 }, async (_, i) => {
    if (i % 3 === 0) return deleteOnce(folder);
    await cache.put(`k${i}`, bytes(i));
    const found = await cache.get(`k${i}`, 1000);
    assert.ok(found === undefined || found.every((value) => value === i));
  });
  await Promise.all(work);
  await cache.put('last', bytes(9));
  assert.deepEqual(await cache.get('last', 1000), bytes(9));
});

test('a folder that cannot be written is said once and done without', async (t) => {
  const folder = path.join(temporaryFolder(t), 'file');
  writeFileSync(folder, 'not a folder');
  const said: string[] = [];
  const cache = diskCache(folder, 1e6, (line) => said.push(line));
  await cache.put('a', bytes(1));
  await cache.put('b', bytes(1));
  assert.equal(await cache.get('a', 1000), undefined);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /^frame cache: cannot write to .*file \((EEXIST|ENOTDIR)\): continuing without the cache$/);
});
