import { statfsSync } from 'node:fs';

/** What is left alone of a disk, so that logs and other programs can go on: bytes, and less on a small disk. */
const reserve = { bytes: 64 * 2 ** 20, part: 0.02 };

/** As the system says that a disk, a quota or a limit on files is exhausted. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether an error, or what caused it, is a full disk. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return fullCodes.has((error as NodeJS.ErrnoException).code ?? '') || isDiskFull(error.cause);
}

/**
 * Throws an error of code ENOSPC where the disk of a folder has no room for so many bytes: asked beforehand, since a
 * write that fails half-way has taken the last of it from everybody else.
 */
export function requireSpace(folder: string, bytes: number): void {
  const { blocks, bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const needed = bytes + Math.min(reserve.bytes, reserve.part * blocks * bsize);
  // Some file systems do not say.
  if (blocks === 0 || free >= needed) return;
  const MiB = (n: number) => (n / 2 ** 20).toFixed(1);
  const full = new Error(`ENOSPC: ${MiB(free)} MiB are free, ${MiB(needed)} are needed`);
  throw Object.assign(full, { code: 'ENOSPC' });
}
