import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from '../../system/files/disk.js';

/** Between two attempts to write what has to be written. */
const patience = 2_000;

/** Runs `write`, or says loudly that the disk is full and that the work goes on without. Other errors are thrown. */
export function unlessDiskFull(what: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    warn(`${what}: ${(error as Error).message}. The work goes on; make room, or lower checkpoint.keepLast.`);
  }
}

/**
 * Runs `write`, as often as it takes until the disk has room for it: for what the result depends on.
 * Throws the reason of `stop` once that is aborted, other errors at once.
 */
export async function onceThereIsSpace(what: string, stop: AbortSignal, write: () => unknown): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      write();
      return;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (!told) warn(`${what}: ${(error as Error).message}. Waiting until there is room.`);
    }
    await sleep(patience, undefined, { signal: stop }).catch(() => undefined);
    stop.throwIfAborted();
  }
}

function warn(line: string): void {
  process.stderr.write(`WARNING: DISK FULL: ${line}\n`);
}
