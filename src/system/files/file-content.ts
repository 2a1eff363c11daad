import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** A file as it was when it was read: its content, and what tells without reading whether it may have changed. */
export interface FileContent {
  readonly bytes: number;
  /** Time of its last change, ms since 1970. */
  readonly modified: number;
  readonly sha256: string;
}

/**
 * The content of a file. The file is read only if its length or its time of change differ from `known`, so a file that
 * was copied or touched keeps its hash, and one that was rewritten gets another.
 *
 * @returns null where there is no such file.
 */
export async function fileContent(file: string, known?: FileContent): Promise<FileContent | null> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return null;
  const { size: bytes, mtimeMs: modified } = found;
  if (known?.bytes === bytes && known.modified === modified) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return { bytes, modified, sha256: hash.digest('hex') };
}
