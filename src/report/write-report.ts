import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files.js';
import { makePage } from './page.js';
import { readRunFolder } from './run-folder.js';

/**
 * Writes one self-contained page about one or more runs, side by side, to `report/index.html` of the first.
 *
 * @returns the path of the page.
 * @throws UsageError when a folder is no run folder or a file in it does not parse.
 */
export async function writeReport(runDirs: readonly string[]): Promise<string> {
  const [first] = runDirs;
  if (first === undefined) throw new UsageError('report needs at least one run folder: --run DIR');
  const runs = runDirs.map(readRunFolder);
  // Two folders may have the same last name; curves are told apart by name.
  runs.forEach((run, i) => {
    if (runs.findIndex((other) => other.name === run.name) < i) run.name = `${run.name} (${i + 1})`;
  });
  const file = path.join(first, 'report', 'index.html');
  writeFileAtomic(file, await makePage(runs));
  return file;
}
