import path from 'node:path';
import { WorkError } from './errors.js';

/** A holder that has not touched its lock for this long is dead. */
const STALE_MS = 15_000;
const POLL_MS = 500;

/**
 * Runs `work` while no other process does the same under `folder` (which must exist). Waits for as long as another one is
 * alive, calling `onWait` once; the lock of a killed process is taken over after 15 s.
 */
export async function withLock<T>(folder: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const lockfile = await importLockfile();
  let lost: Error | undefined;
  const options = {
    lockfilePath: path.join(folder, 'set-up.lock'),
    stale: STALE_MS,
    update: STALE_MS / 5,
    onCompromised: (error: Error) => {
      lost = error;
    },
  };
  const release = await lockfile.lock(folder, options).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    onWait();
    return lockfile.lock(folder, {
      ...options,
      retries: { forever: true, factor: 1, minTimeout: POLL_MS, maxTimeout: POLL_MS },
    });
  });
  try {
    return await work();
  } finally {
    if (lost === undefined) await release();
    // eslint-disable-next-line no-unsafe-finally -- what was done without the lock must not pass as done
    else throw new WorkError(`lost the lock on ${folder} (${lost.message}). Run the command again.`);
  }
}

/**
 * proper-lockfile's exit hook listens for SIGINT and SIGTERM as soon as it is loaded; whoever started the program decides
 * what signals do (cli/main.ts). Its hook on `process.exit` stays and removes the locks.
 */
async function importLockfile(): Promise<typeof import('proper-lockfile')> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const { default: lockfile } = await import('proper-lockfile');
  signals.forEach((signal, i) => {
    for (const listener of process.listeners(signal)) {
      if (!before[i]!.includes(listener)) process.off(signal, listener);
    }
  });
  return lockfile;
}
