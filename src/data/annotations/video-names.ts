import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { stripVideoExtension } from '../video-extensions.js';
import type { AnnotatedVideo } from './annotations.js';

/** The id of a video, and the name of its file where that was given with its extension. */
export type VideoName = Pick<AnnotatedVideo, 'id' | 'fileName'>;

/**
 * The ids of videos that are named with or without the extension of their file: the name without it. Where the names
 * tell two files apart by their extensions alone, both keep them.
 *
 * @throws UsageError when a name without extension may be either of two such files.
 */
export function namesOfVideos(names: readonly { name: string; where: string }[]): VideoName[] {
  const files = new Map<string, Set<string>>();
  for (const { name } of names) {
    const stem = stripVideoExtension(name);
    if (stem !== name) files.set(keyOf(stem), (files.get(keyOf(stem)) ?? new Set()).add(name));
  }
  return names.map(({ name, where }) => {
    const stem = stripVideoExtension(name);
    const known = [...(files.get(keyOf(stem)) ?? [])];
    if (stem !== name) return { id: known.length > 1 ? name : stem, fileName: name };
    if (known.length > 1) {
      const others = known.slice(0, 2).map((other) => printable(other, 60));
      throw new UsageError(`${where}: "${printable(name, 60)}" may be ${others.join(' or ')}: write the extension too`);
    }
    return { id: name };
  });
}

/** Composed and decomposed letters look the same, and file systems use either. */
const keyOf = (name: string): string => name.normalize('NFC');
