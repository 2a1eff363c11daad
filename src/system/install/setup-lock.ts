import path from 'node:path';
import { WorkError } from '../errors.js';
import { withoutNewListeners } from '../listeners.js';

/** A process that has not touched its lock for this long is considered dead. */
const STALE_MS = 15_000;
const POLL_MS = 500;

/**
 * Runs `work` while no other process runs its work under `folder`, which must exist. Waits as long as another one is
 * alive and calls `onWait` once; the lock of a killed process is taken over after 15 s.
 *
 * @throws WorkError when the lock was lost meanwhile.
 */
export async function withLock<T>(folder: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  // proper-lockfile's hook on process.exit stays, because it removes the lock.
  const { default: lockfile } = await withoutNewListeners(
    ['SIGINT', 'SIGTERM', 'SIGHUP'],
    () => import('proper-lockfile'),
  );
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
