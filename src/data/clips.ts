import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { printable } from '../system/printable.js';
import { readTable } from './annotations/csv-table.js';

/** A trimmed video that shows one action from beginning to end. */
export interface Clip {
  /** Absolute. */
  path: string;
  label: string;
  /** 'training', 'validation', … */
  subset: string;
}

/**
 * Reads a list of clips: `path,label[,subset]`, with paths relative to the list's folder. The
 * subset is 'training' if not given.
 *
 * @throws UsageError with file:line; also when a file is listed in two subsets, since accuracy would then be measured
 * on clips that were trained on.
 */
export function loadClips(csv: string): Clip[] {
  const folder = path.dirname(path.resolve(csv));
  const subsets = new Map<string, string>();
  return readTable(csv, { required: ['path', 'label'], optional: ['subset'] }).map(({ line, fields }) => {
    const file = path.resolve(folder, fields['path']!);
    const subset = fields['subset'] || 'training';
    const before = subsets.get(file) ?? subset;
    if (before !== subset) {
      const message = `${fields['path']!} is in subset "${subset}" here and in "${before}" before: give it one`;
      throw new UsageError(`${csv}:${line}: ${printable(message, 300)}`);
    }
    subsets.set(file, subset);
    return { path: file, label: fields['label']!, subset };
  });
}
