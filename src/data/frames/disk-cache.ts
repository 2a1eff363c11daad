import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Keeps bytes as files across runs and deletes the least recently used ones when the cache is full. */
export interface DiskCache {
  /** Whether bytes of this length fit into the cache at all. */
  fits(length: number): boolean;
  /** The bytes kept under a key (of letters and digits), or undefined where there are none or they are damaged. */
  get(key: string, length: number): Promise<Uint8Array | undefined>;
  /** Keeps bytes under a key. The first failure to write is reported; after that nothing is kept. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}

const extension = '.frames';
const hashLength = 32;
/** Temporary files that a dead writer left behind are deleted after this time. */
const leftoverMs = 3600_000;

/**
 * A cache in a folder that several processes may share and that may be deleted at any time. Files are renamed into
 * place, so they are complete or absent; they begin with the SHA-256 of the rest and are always read as a whole.
 *
 * @param limit - Bytes that all files together may take.
 * @param say - Receives warnings.
 */
export function diskCache(folder: string, limit: number, say: (line: string) => void): DiskCache {
  let broken = false;
  const fileOf = (key: string) => path.join(folder, key + extension);

  async function get(key: string, length: number): Promise<Uint8Array | undefined> {
    const file = fileOf(key);
    const content = await readFile(file).catch(() => undefined);
    if (content === undefined) return undefined;
    const whole = content.length === hashLength + length;
    const bytes = new Uint8Array(content.buffer, content.byteOffset + (whole ? hashLength : 0), whole ? length : 0);
    if (!whole || !sha256(bytes).equals(content.subarray(0, hashLength))) {
      await rm(file, { force: true });
      return undefined;
    }
    const now = new Date();
    // Another process may have just deleted the file; the bytes are still good.
    await utimes(file, now, now).catch(() => undefined);
    return bytes;
  }

  async function put(key: string, bytes: Uint8Array): Promise<void> {
    if (broken) return;
    const temporary = path.join(folder, `.${key}.${randomBytes(4).toString('hex')}.tmp`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, [sha256(bytes), bytes], { flag: 'wx' });
      await rename(temporary, fileOf(key));
      await makeRoom();
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const { code = String(error) } = error as NodeJS.ErrnoException;
      // The folder was deleted meanwhile, which is allowed.
      if (code === 'ENOENT') return;
      broken = true;
      say(`frame cache: cannot write to ${folder} (${code}): continuing without the cache`);
    }
  }

  /** Deletes the least recently used files until the rest is within the limit. */
  async function makeRoom(): Promise<void> {
    const files: { file: string; size: number; used: number }[] = [];
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name);
      const info = await stat(file).catch(() => undefined);
      if (info === undefined) continue;
      if (name.endsWith(extension)) files.push({ file, size: info.size, used: info.mtimeMs });
      else if (name.endsWith('.tmp') && Date.now() - info.mtimeMs > leftoverMs) await rm(file, { force: true });
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    files.sort((a, b) => a.used - b.used);
    for (const { file, size } of files) {
      if (total <= limit) return;
      await rm(file, { force: true });
      total -= size;
    }
  }

  return { fits: (length) => length + hashLength <= limit, get, put };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
