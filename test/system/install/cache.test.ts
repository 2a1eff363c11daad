import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  cacheFolder,
  cacheProblem,
  installFolder,
  makeCacheFolder,
  removeLeftovers,
} from '../../../src/system/install/cache.js';
import { WorkError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

test('the cache is where the system keeps caches, and XDG_CACHE_HOME decides when it is absolute', () => {
  assert.equal(cacheFolder({ HOME: '/home/ada' }, 'linux'), '/home/ada/.cache/lofi-tal');
  assert.equal(cacheFolder({ HOME: '/Users/ada' }, 'darwin'), '/Users/ada/Library/Caches/lofi-tal');
  assert.equal(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: '/big' }, 'linux'), '/big/lofi-tal');
  assert.equal(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: 'relative' }, 'linux'), '/home/ada/.cache/lofi-tal');
});

test('a cache folder that cannot be made is an error that says what to do', (t) => {
  const file = path.join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => makeCacheFolder(path.join(file, 'lofi-tal')),
    (error) => error instanceof WorkError && error.message.includes('XDG_CACHE_HOME'),
  );
});

test('the cache folder is for its user alone, whatever the umask', { skip: process.platform === 'win32' }, (t) => {
  const folder = path.join(temporaryFolder(t), 'base', 'lofi-tal');
  const before = process.umask(0);
  try {
    makeCacheFolder(folder);
  } finally {
    process.umask(before);
  }
  for (const made of [folder, path.dirname(folder)]) assert.equal(statSync(made).mode & 0o777, 0o700);
  assert.equal(cacheProblem(folder), undefined);
  for (const mode of [0o777, 0o770, 0o720, 0o702]) {
    chmodSync(folder, mode);
    assert.match(cacheProblem(folder)!, /^others can write into the cache folder .*lofi-tal, .*chmod go-w it$/);
    assert.throws(() => makeCacheFolder(folder), WorkError);
  }
  for (const mode of [0o700, 0o755]) {
    chmodSync(folder, mode);
    assert.equal(makeCacheFolder(folder), folder);
  }
});

test('a cache folder of another user is refused, a link of theirs too', { skip: process.platform === 'win32' }, (t) => {
  const base = temporaryFolder(t);
  const [folder, link] = [path.join(base, 'theirs'), path.join(base, 'link')];
  makeCacheFolder(folder);
  symlinkSync(folder, link);
  const stranger = 4242;
  // What belongs to root is trusted, so as root the folder is given away; another user plays the stranger.
  const root = process.geteuid!() === 0;
  if (root) lchownSync(link, stranger, stranger);
  assert.match(
    cacheProblem(link, root ? 0 : stranger)!,
    /^the cache folder .*link belongs to another user \(\d+\), .*/,
  );
  if (root) chownSync(folder, stranger, stranger);
  assert.match(cacheProblem(folder, root ? 0 : stranger)!, /XDG_CACHE_HOME to a folder of your own$/);
  assert.equal(cacheProblem(path.join(base, 'none')), undefined);
});

test('a folder is installed as a whole, and once', async (t) => {
  const root = temporaryFolder(t);
  const folder = path.join(root, 'thing');
  let builds = 0;
  const build = (staging: string) => {
    builds++;
    assert.equal(existsSync(folder), false, 'nothing is in place before it is complete');
    writeFileSync(path.join(staging, 'file'), 'whole');
    return Promise.resolve();
  };
  await installFolder(folder, build);
  await installFolder(folder, build);
  assert.equal(builds, 1);
  assert.equal(readFileSync(path.join(folder, 'file'), 'utf8'), 'whole');
  assert.deepEqual(readdirSync(root), ['thing']);
});

test('a build that fails leaves nothing', async (t) => {
  const root = temporaryFolder(t);
  await assert.rejects(
    installFolder(path.join(root, 'thing'), (staging) => {
      writeFileSync(path.join(staging, 'half'), '');
      return Promise.reject(new Error('no network'));
    }),
    /no network/,
  );
  assert.deepEqual(readdirSync(root), []);
});

for (const [signal, left] of [
  ['SIGTERM', 0],
  ['SIGKILL', 1],
] as const) {
  test(`a build ended by ${signal} leaves nothing that counts, and what it leaves is removed`, async (t) => {
    const root = temporaryFolder(t);
    const program = `
      import { installFolder } from ${JSON.stringify(new URL('../../../src/system/install/cache.ts', import.meta.url).href)};
      process.on('SIGTERM', () => process.exit(143));
      await installFolder(${JSON.stringify(path.join(root, 'thing'))}, () => {
        console.log('building');
        return new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill(signal);
    await once(child, 'exit');
    assert.equal(existsSync(path.join(root, 'thing')), false);
    assert.equal(readdirSync(root).length, left);
    removeLeftovers(root);
    assert.deepEqual(readdirSync(root), []);
  });
}

test('removing leftovers keeps what is complete', async (t) => {
  const root = temporaryFolder(t);
  await installFolder(path.join(root, 'thing'), () => Promise.resolve());
  writeFileSync(path.join(root, 'engine'), 'tensorflow\n');
  removeLeftovers(root);
  assert.deepEqual(readdirSync(root).sort(), ['engine', 'thing']);
});
