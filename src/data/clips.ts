import path from 'node:path';
import { readTable } from './table.js';

/** A trimmed video that shows one action from beginning to end. */
export interface Clip {
  /** Absolute. */
  path: string;
  label: string;
  /** 'training', 'validation', … */
  subset: string;
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
