import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { UsageError, WorkError } from '../../system/errors.js';

/** An open file from which tensors are read, and its size in bytes. */
export interface OpenFile {
  readonly file: string;
  readonly fd: number;
  readonly size: number;
}

/**
 * Opens a file while `use` runs.
 *
 * @param what - What the file should be, for messages.
 * @throws UsageError when the file is missing or is not a regular file.
 */
export function withFile<T>(file: string, what: string, use: (open: OpenFile) => T): T {
  const open = openFile(file, what);
  try {
    return use(open);
  } finally {
    closeSync(open.fd);
  }
}

/**
 * Opens a file, which the caller closes by its `fd`.
 *
 * @throws UsageError as {@link withFile} does.
 */
export function openFile(file: string, what: string): OpenFile {
  try {
    // The type is asked for before opening, because opening a pipe would wait for its writer.
    if (!statSync(file).isFile()) throw new UsageError(`not a file: ${file}`);
    const fd = openSync(file, 'r');
    return { file, fd, size: fstatSync(fd).size };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${what} not readable: ${file} (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
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
    throw new WorkError(`no memory for a tensor of ${length} bytes: ${file}`);
  }
}
