import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isDiskFull } from '../system/files/disk.js';
import { WorkError } from '../system/errors.js';

/** Held while one process writes to a run folder. */
export interface RunLock {
  /** Lets the next writer in; safe to call twice. */
  release(): void;
}

interface Owner {
  readonly pid: number;
  /** When the process started: a pid alone comes back after a reboot or in a container. */
  readonly started: string;
  readonly host: string;
  /** Time the lock was taken, ISO 8601. */
  readonly since: string;
}

/** A lock file is written right after it is made; empty for longer than this, its owner died in between. */
const writeGraceMs = 5000;

/**
 * Takes the run folder for this process (file `lock` in it). The lock of a dead process is taken over.
 *
 * @throws WorkError naming the owner when a living process holds it.
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
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      break;
    } catch (error) {
      // A lock that nothing could be written into would keep everybody out for a while.
      if (isDiskFull(error)) rmSync(file, { force: true });
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const theirs = readText(file);
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
    throw new WorkError(`${runFolder} is being taken by another process at this moment; try again`);
  }
  const who = `process ${owner.pid} on ${owner.host} since ${owner.since}`;
  if (owner.host !== os.hostname())
    throw new WorkError(`${runFolder} is in use by ${who}; if that one is dead, delete ${file}`);
  const started = processStart(owner.pid);
  if (started !== null && (started === owner.started || started === ''))
    throw new WorkError(`${runFolder} is in use by ${who}; wait for it, stop it, or choose another --run folder`);
}

/** Moves the lock away before deleting it, and gives it back if another process had just taken it over. */
function removeStale(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readText(aside) === text) rmSync(aside, { force: true });
  else renameSync(aside, file);
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

/** Something that tells two processes of one pid apart, '' when the system does not say; null: no such process. */
function processStart(pid: number): string | null {
  if (process.platform === 'linux') {
    // Field 22, in ticks since boot; the name in field 2 may hold anything, so count from its closing bracket.
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
      // No such process, or no ps.
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
