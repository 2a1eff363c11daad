import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isDiskFull } from '../system/files/disk.js';
import { WorkError } from '../system/errors.js';

/** The lock that a process holds while it writes to a run folder. */
export interface RunLock {
  /** Releases the lock. A second call does nothing. */
  release(): void;
}

/** The content of a lock file: the process that holds the lock. */
interface Owner {
  readonly pid: number;
  /** When the process started, because another process may have the same pid after a reboot or in a container. */
  readonly started: string;
  readonly host: string;
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
}

/** A lock file is filled right after it is created. If it is empty for longer than this, its owner has died. */
const writeGraceMs = 5000;

/** A lock that vanishes while it is looked at is tried again. That happens once or twice, unless others do it too. */
const maxAttempts = 1000;
/** A lock has about 200 bytes. */
const maxLockBytes = 4096;

/**
 * Locks the run folder for this process by a file `lock` in it. Takes over the lock of a dead process.
 *
 * @throws WorkError naming the owner when a living process holds the lock, or the file when it is not a lock that this
 *   process can read or take away.
 */
export function acquireRunLock(runFolder: string): RunLock {
  mkdirSync(runFolder, { recursive: true });
  const file = path.join(runFolder, 'lock');
  const owner: Owner = {
    pid: process.pid,
    started: processStart(process.pid) ?? '',
    host: os.hostname(),
    since: new Date().toISOString(),
  };
  const mine = JSON.stringify(owner);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      break;
    } catch (error) {
      // An empty lock file, left where the disk is full, would block other processes for a while.
      if (isDiskFull(error)) rmSync(file, { force: true });
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (attempt > maxAttempts) throw new WorkError(`${file} is taken again and again by others; try again later`);
    const theirs = readLock(file);
    if (theirs === null) continue;
    refuseIfAlive(runFolder, file, theirs);
    removeStale(file, theirs);
  }
  return {
    release() {
      if (readText(file) === mine) rmSync(file, { force: true });
    },
  };
}

function refuseIfAlive(runFolder: string, file: string, text: string): void {
  const owner = parseOwner(text);
  if (owner === null) {
    if (Date.now() - statSync(file).mtimeMs > writeGraceMs) return;
    throw new WorkError(`${runFolder} is being locked by another process at this moment; try again`);
  }
  const who = `process ${owner.pid} on ${owner.host} since ${owner.since}`;
  if (owner.host !== os.hostname())
    throw new WorkError(`${runFolder} is in use by ${who}; if that process is dead, delete ${file}`);
  const started = processStart(owner.pid);
  if (started !== null && (started === owner.started || started === ''))
    throw new WorkError(`${runFolder} is in use by ${who}; wait for it, stop it, or choose another --run folder`);
}

/** Deletes a stale lock. Moves it aside first, and back if another process has just taken the lock over. */
function removeStale(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new WorkError(
      `${file} is the lock of a process that is dead, but cannot be taken away ` +
        `(${(error as NodeJS.ErrnoException).code ?? 'error'}): delete it`,
    );
  }
  if (readText(aside) === text) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

/**
 * The text of a lock file; null where there is none any more.
 *
 * @throws WorkError where something else has its name, or it cannot be read.
 */
function readLock(file: string): string | null {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found) return null;
  if (!found.isFile() || found.size > maxLockBytes)
    throw new WorkError(`${file} is not a lock file that lofi wrote: see what it is, and delete it`);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new WorkError(`${file} is a lock that cannot be read (${code ?? 'error'}), probably another user's`);
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const { pid, started, host, since } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>;
    return Number.isSafeInteger(pid) && typeof started === 'string' && typeof host === 'string'
      ? { pid: pid as number, started, host, since: String(since) }
      : null;
  } catch {
    return null;
  }
}

/**
 * A text that distinguishes processes with the same pid; '' where the system provides none, null where there is no such
 * process.
 */
function processStart(pid: number): string | null {
  if (process.platform === 'linux') {
    // The start is field 22, in ticks since boot. The name in field 2 may contain anything, so fields are counted from
    // its closing bracket.
    const stat = readText(`/proc/${pid}/stat`);
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields?.[0] === 'Z') return null;
    if (fields?.[19]) return `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''} ${fields[19]}`;
  } else {
    try {
      const env = { ...process.env, LC_ALL: 'C' };
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env, stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim();
    } catch {
      // There is no such process, or no ps.
    }
  }
  return isAlive(pid) ? '' : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
