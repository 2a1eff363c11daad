import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../errors.js';
import { naming } from './disk.js';
import { readRegularFile } from './regular-file.js';
import { decodeText } from './text.js';

/**
 * Writes a file such that readers see either the old content or all of the new one: temporary name, fsync, rename,
 * fsync of the folder. Creates the folder if necessary.
 */
export function writeFileAtomic(file: string, ...parts: (string | Uint8Array)[]): void {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true });
  // The name is cut, so that a name as long as the file system takes has room for what is added to it.
  const begin = path.basename(file).slice(0, 50);
  const temporary = path.join(folder, `.${begin}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const fd = openSync(temporary, 'w');
    try {
      for (const part of parts) {
        const bytes = typeof part === 'string' ? Buffer.from(part) : part;
        for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at);
      }
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw naming(error, file);
  }
  syncFolder(folder);
}

/** Makes a rename or deletion in `folder` survive a power cut. Does nothing where folders cannot be opened. */
export function syncFolder(folder: string): void {
  let fd: number;
  try {
    fd = openSync(folder, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The largest text that is read as a whole, in bytes. Parsing it takes several times as much memory. */
const maxTextBytes = 2 ** 27;

/**
 * Reads a text file in UTF-8, or in UTF-16 with its byte order mark.
 *
 * @param what - What the file should be, for messages.
 * @param limit - The largest number of bytes that such a file may have.
 * @throws UsageError naming the file and `what`, and the line that is in another encoding.
 */
export function readText(file: string, what: string, limit = maxTextBytes): string {
  return decodeText(readRegularFile(file, what, limit), file);
}

/**
 * Reads and parses a JSON file.
 *
 * @param what - What the file should be, for messages.
 * @throws UsageError naming the file when it is missing or not JSON.
 */
export function readJson(file: string, what: string): unknown {
  const text = readText(file, what);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`${what} is not JSON: ${file}: ${(error as Error).message}`);
  }
}

/** sha256 of a file's bytes in hexadecimal. */
export async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
