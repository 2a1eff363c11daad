import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs, { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { acquireRunLock } from '../../src/checkpoints/run-lock.js';
import { temporaryFolder } from '../support/temporary.js';

/** Another process that holds the lock of a run folder until it is killed. */
async function holder(t: TestContext, run: string): Promise<ChildProcess> {
  const lock = path.resolve(import.meta.dirname, '../../src/checkpoints/run-lock.ts');
  const script = `import { acquireRunLock } from ${JSON.stringify(lock)};
    acquireRunLock(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

const lockFile = (run: string) => path.join(run, 'lock');

describe('run lock', () => {
  it('lets one in, names it to the next, and lets that in after release', (t) => {
    const run = path.join(temporaryFolder(t), 'new');
    const lock = acquireRunLock(run);
    assert.throws(() => acquireRunLock(run), {
      name: 'WorkError',
      message: new RegExp(`in use by process ${process.pid} on `),
    });
    lock.release();
    lock.release();
    const second = acquireRunLock(run);
    lock.release();
    assert(existsSync(lockFile(run)), 'the first owner must not release the second’s lock');
    second.release();
    assert.deepEqual(readdirSync(run), []);
  });

  it('refuses while another process lives and takes over once it was killed', async (t) => {
    const run = temporaryFolder(t);
    const child = await holder(t, run);
    assert.throws(() => acquireRunLock(run), { name: 'WorkError', message: new RegExp(`process ${child.pid!} on `) });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const lock = acquireRunLock(run);
    assert.equal((JSON.parse(readFileSync(lockFile(run), 'utf8')) as { pid: number }).pid, process.pid);
    lock.release();
    assert.deepEqual(readdirSync(run), []);
  });

  it('takes over from an owner whose pid now belongs to another process', (t) => {
    const run = temporaryFolder(t);
    const lock = acquireRunLock(run);
    const owner = JSON.parse(readFileSync(lockFile(run), 'utf8')) as object;
    writeFileSync(lockFile(run), JSON.stringify({ ...owner, started: 'before the reboot' }));
    lock.release();
    acquireRunLock(run).release();
    assert.deepEqual(readdirSync(run), []);
  });

  it('does not judge processes of another host', (t) => {
    const run = temporaryFolder(t);
    writeFileSync(lockFile(run), JSON.stringify({ pid: 1, started: '', host: 'elsewhere', since: 'noon' }));
    assert.throws(() => acquireRunLock(run), { message: /process 1 on elsewhere since noon; .*delete .*lock$/ });
  });

  it('leaves no lock behind that the full disk has no room for', (t) => {
    const run = temporaryFolder(t);
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const { writeFileSync: write } = fs;
    t.mock.method(fs, 'writeFileSync', (file: string, _text: string, options: { flag: string }) => {
      write(file, '', options);
      throw full;
    });
    syncBuiltinESMExports();
    assert.throws(() => acquireRunLock(run), full);
    t.mock.restoreAll();
    syncBuiltinESMExports();
    acquireRunLock(run).release();
  });

  it('waits for an owner that is just writing its lock, not for one that died doing so', (t) => {
    const run = temporaryFolder(t);
    writeFileSync(lockFile(run), '');
    assert.throws(() => acquireRunLock(run), { name: 'WorkError', message: /at this moment/ });
    utimesSync(lockFile(run), new Date(), new Date(Date.now() - 60_000));
    acquireRunLock(run).release();
    assert.deepEqual(readdirSync(run), []);
  });

  it('refuses what is no lock that it could read: a folder, a dangling link, a pipe, a file without end', (t) => {
    const refused = (make: (file: string) => void) => {
      const run = temporaryFolder(t);
      make(lockFile(run));
      assert.throws(() => acquireRunLock(run), { name: 'WorkError', message: /lock is not a lock file .* delete it$/ });
    };
    refused((file) => {
      mkdirSync(file);
    });
    refused((file) => {
      symlinkSync('nowhere', file);
    });
    refused((file) => {
      execFileSync('mkfifo', [file]);
    });
    refused((file) => {
      writeFileSync(file, Buffer.alloc(5000));
    });
  });

  it('refuses a lock that it may not read, and one that it may not take away', (t) => {
    const run = temporaryFolder(t);
    const denied = (name: 'readFileSync' | 'renameSync', code: string, message: RegExp) => {
      writeFileSync(lockFile(run), JSON.stringify({ pid: 2 ** 30, started: 'x', host: hostname(), since: 'noon' }));
      t.mock.method(fs, name, () => {
        throw Object.assign(new Error(code), { code });
      });
      syncBuiltinESMExports();
      assert.throws(() => acquireRunLock(run), { name: 'WorkError', message });
      t.mock.restoreAll();
      syncBuiltinESMExports();
    };
    denied('readFileSync', 'EACCES', /lock is a lock that cannot be read \(EACCES\), probably another user's$/);
    denied('renameSync', 'EPERM', /of a process that is dead, but cannot be taken away \(EPERM\): delete it$/);
  });
});
