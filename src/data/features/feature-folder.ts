import { readdirSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';

/** Finds feature files by video id in one folder, and never outside it: names come from its listing. */
export class FeatureFolder {
  /** Files by their names without extension. */
  private readonly files = new Map<string, string[]>();

  /**
   * @param extensions - Those of feature files, `.npy`.
   * @throws UsageError when the folder is not there, or holds no feature file.
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
   * The file of a video, `<id>.<extension>`, with or without a leading `v_`; null when there is none.
   * @throws UsageError when there are several.
   */
  find(id: string): string | null {
    const names = this.files.get(id) ?? this.files.get(id.startsWith('v_') ? id.slice(2) : `v_${id}`) ?? [];
    if (names.length > 1)
      throw new UsageError(`${this.folder}: ${printable(names.join(' and '), 200)}: leave one of them`);
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
