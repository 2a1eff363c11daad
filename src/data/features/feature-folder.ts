import { readdirSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';

/**
 * Finds feature files by video id in one folder. It cannot leave the folder, since file names come from its listing.
 */
export class FeatureFolder {
  /** File names by their name without extension. */
  private readonly files = new Map<string, string[]>();

  /**
   * Lists the folder.
   *
   * @param extensions - The extensions of feature files, such as `.npy`.
   * @throws UsageError when the folder cannot be read or holds no feature file.
   */
  constructor(
    readonly folder: string,
    extensions: readonly string[],
  ) {
    for (const name of listing(folder)) {
      const { name: stem, ext } = path.parse(name);
      if (extensions.includes(ext.toLowerCase())) this.files.set(stem, [...(this.files.get(stem) ?? []), name]);
    }
    if (this.files.size === 0) throw new UsageError(`no feature files (${extensions.join(' ')}) in ${folder}`);
  }

  /**
   * The path of a video's file, `<id>.<extension>`, with or without a leading `v_`; null when there is none.
   *
   * @throws UsageError when there are several.
   */
  find(id: string): string | null {
    const names = this.files.get(id) ?? this.files.get(id.startsWith('v_') ? id.slice(2) : `v_${id}`) ?? [];
    if (names.length > 1)
      throw new UsageError(`${this.folder}: keep only one of ${printable(names.join(' and '), 200)}`);
    return names[0] === undefined ? null : path.join(this.folder, names[0]);
  }
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new UsageError(
      `folder of features not readable: ${folder} (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
    );
  }
}
