import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../../system/errors.js';
import { hasVideoExtension } from '../../video-extensions.js';

/** The most files of a folder that are looked at. */
const maxFiles = 20_000;

/** Files that lie beside annotations and are none: sound, pictures, features, and files of editors. */
const others =
  /\.(wav|mp3|flac|ogg|m4a|aac|jpe?g|png|bmp|tiff?|webp|svg|pdf|docx?|npy|npz|h5|hdf5|pt|pth|safetensors|pfsx|zip|gz\.part|exe|dll|md)$/i;

/** An annotation file, and whether the user has named it or only its folder. */
export interface NamedFile {
  file: string;
  named: boolean;
}

/**
 * The annotation files that some paths name: files as they are, and of folders all files in them and in their
 * subfolders, sorted, but for hidden ones, videos, sound and pictures.
 *
 * @throws UsageError when one is not there.
 */
export function annotationFiles(places: readonly string[]): NamedFile[] {
  const found = places.flatMap((place): NamedFile[] => {
    const stats = statSync(place, { throwIfNoEntry: false });
    if (!stats) throw new UsageError(`annotation file not readable: ${place} (ENOENT)`);
    if (!stats.isDirectory()) return [{ file: withoutTilde(place), named: true }];
    return filesBelow(place).map((file) => ({ file, named: false }));
  });
  const first = new Map<string, NamedFile>();
  for (const one of found) {
    const key = path.resolve(one.file);
    const known = first.get(key);
    if (!known || (one.named && !known.named)) first.set(key, one);
  }
  return [...first.values()];
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const parts = path.relative(folder, file).split(path.sep);
      const isHidden = parts.some((part) => part.startsWith('.'));
      return !isHidden && !hasVideoExtension(file) && !others.test(file) && !file.endsWith('~');
    })
    .sort();
  if (files.length > maxFiles) throw new UsageError(`${folder}: ${files.length} files, more than ${maxFiles}`);
  return files;
}

/** NOVA's lines, whose scheme is in the file without `~`. */
function withoutTilde(file: string): string {
  return /\.annotation~$/.test(file) ? file.slice(0, -1) : file;
}
