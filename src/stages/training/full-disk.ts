import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from '../../system/files/disk.js';
import { say } from '../../system/say.js';

/** Time between two attempts to write, ms. */
const patience = 2_000;

/** Runs `write`. If the disk is full, warns on stderr and returns; other errors are thrown. */
export function unlessDiskFull(what: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    warn(`${what}: ${(error as Error).message}. The work goes on; make room, or lower checkpoint.keepLast.`);
  }
}

/**
 * Runs `write`, which the result depends on. While the disk is full, warns once and tries again every two seconds.
 *
 * @throws The reason of `stop` once that is aborted; any other error of `write` at once.
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
  say(`WARNING: DISK FULL: ${line}`);
}
