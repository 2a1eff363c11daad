import path from 'node:path';
import type { Dataset } from './dataset.js';
import { readTable } from './table.js';

/** A trimmed video that shows one action from beginning to end. */
export interface Clip {
  /** Absolute. */
  path: string;
  label: string;
  /** 'training', 'validation', … */
  subset: string;
  /** The part of the file that is the clip, in frames: from, and how many. All of it where this is absent. */
  frames?: { from: number; count: number };
}

/**
 * Reads a list of clips: `path,label[,subset]`, paths relative to the list's folder, subset 'training' if not given.
 * @throws UsageError with file:line.
 */
export function loadClips(csv: string): Clip[] {
  const folder = path.dirname(path.resolve(csv));
  return readTable(csv, ['path', 'label'], ['subset']).map(({ fields }) => ({
    path: path.resolve(folder, fields['path']!),
    label: fields['label']!,
    subset: fields['subset'] || 'training',
  }));
}

/** The instances of untrimmed videos as clips: what stage 1 trains on where there are no others. */
export function instancesAsClips({ videos }: Dataset): Clip[] {
  return videos
    .filter((video) => video.problem === undefined)
    .flatMap(({ path, subset, fps, frames, instances }) =>
      instances.map(({ start, end, label }) => {
        const from = Math.min(Math.round(start * fps), frames - 1);
        const count = Math.max(1, Math.min(Math.round(end * fps), frames) - from);
        return { path, label, subset, frames: { from, count } };
      }),
    );
}
