import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { UsageError, WorkError } from '../errors.js';

/** A regular file that is open for reading, and its size in bytes when it was opened. */
export interface OpenFile {
  readonly file: string;
  readonly fd: number;
  readonly size: number;
}

/** Opening a pipe for reading would wait for its writer; this makes it return at once. Windows has no such flag. */
const withoutWaiting = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

/**
 * Opens a file for reading, which the caller closes by its `fd`. Every file that a user names is opened here or by
 * {@link readRegularFile}: a pipe would wait for ever, and a device such as /dev/zero has no end.
 *
 * @param what - What the file should be, for messages.
 * @throws UsageError when the file is missing, cannot be read, or is not a regular file.
 */
export function openRegularFile(file: string, what: string): OpenFile {
  let fd: number | undefined;
  try {
    // The kind is asked for before opening, because opening some devices does something, and again afterwards,
    // because another file may have taken the name in between.
    refuseIrregular(statSync(file), file, what);
    fd = openSync(file, withoutWaiting);
    const stats = fstatSync(fd);
    refuseIrregular(stats, file, what);
    return { file, fd, size: stats.size };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${what} not readable: ${file} (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}

/** Opens a file as {@link openRegularFile} does, while `use` runs. */
export function withFile<T>(file: string, what: string, use: (open: OpenFile) => T): T {
  const open = openRegularFile(file, what);
  try {
    return use(open);
  } finally {
    closeSync(open.fd);
  }
}

/**
 * Reads a whole regular file.
 *
 * @param limit - The largest number of bytes that such a file may have.
 * @throws UsageError as {@link openRegularFile} does, and when the file is larger than `limit`.
 */
export function readRegularFile(file: string, what: string, limit: number): Buffer<ArrayBuffer> {
  return withFile(file, what, (open) => {
    if (open.size > limit)
      throw new UsageError(`${what} too large: ${file} has ${open.size} bytes (at most ${limit} are allowed)`);
    return readBytes(open, 0, open.size);
  });
}

/**
 * Reads exactly `length` bytes into a buffer of their own, which is aligned for any typed array.
 *
 * @throws UsageError when the file ends before; WorkError when there is not enough memory.
 */
export function readBytes({ file, fd }: OpenFile, position: number, length: number): Buffer<ArrayBuffer> {
  const bytes = allocate(file, length);
  for (let at = 0; at < length;) {
    // A single read call reads less than 2 GiB.
    const read = readSync(fd, bytes, at, Math.min(length - at, 2 ** 30), position + at);
    if (read === 0) throw new UsageError(`${file} ends before its data does`);
    at += read;
  }
  return bytes;
}

function allocate(file: string, length: number): Buffer<ArrayBuffer> {
  try {
    return Buffer.from(new ArrayBuffer(length));
  } catch {
    throw new WorkError(`no memory for ${length} bytes of ${file}`);
  }
}

function refuseIrregular(stats: Stats, file: string, what: string): void {
  if (!stats.isFile())
    throw new UsageError(`not a file: ${file} is ${kindOf(stats)}; ${what} must be in a regular file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
