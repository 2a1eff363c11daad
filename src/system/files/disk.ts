import { statfsSync } from 'node:fs';

/**
 * Space that is left free for logs and other programs: this many bytes, or this part of a small disk if that is less.
 */
const reserve = { bytes: 64 * 2 ** 20, part: 0.02 };

/** The system's error codes for an exhausted disk, quota or limit on files. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether an error, or its cause, is a full disk. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return fullCodes.has((error as NodeJS.ErrnoException).code ?? '') || isDiskFull(error.cause);
}

/**
 * The same error, with the name of the file in its message: the system names a file where opening it fails, but not
 * where a write to it does (`ENOSPC: no space left on device, write`).
 */
export function naming(error: unknown, file: string): unknown {
  if (error instanceof Error && 'code' in error && !error.message.includes(file)) error.message += `: ${file}`;
  return error;
}

/**
 * Checks beforehand whether the disk of a folder has room for `bytes` more, because a write that fails half-way takes
 * the last space from everybody else.
 *
 * @throws Error with code ENOSPC when it has not.
 */
export function requireSpace(folder: string, bytes: number): void {
  const { blocks, bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const needed = bytes + Math.min(reserve.bytes, reserve.part * blocks * bsize);
  // Some file systems do not report their size.
  if (blocks === 0 || free >= needed) return;
  const MiB = (n: number) => (n / 2 ** 20).toFixed(1);
  const full = new Error(`ENOSPC: ${MiB(free)} MiB are free in ${folder}, but ${MiB(needed)} are needed`);
  throw Object.assign(full, { code: 'ENOSPC' });
}
