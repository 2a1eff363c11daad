import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files/files.js';
import { filmStrips } from './timeline/film-strip.js';
import { makePage } from './page.js';
import { reportRun } from './run/reported-run.js';
import { makeTimeline, videoFiles } from './timeline/timeline.js';

/**
 * Writes one self-contained page that compares one or more runs to `report/index.html` in the first run's folder.
 *
 * @returns The path of the page.
 * @throws UsageError when a folder is not a run folder, or a file in it cannot be parsed.
 */
export async function writeReport(runDirs: readonly string[]): Promise<string> {
  const [first] = runDirs;
  if (first === undefined) throw new UsageError('report needs at least one run folder: --run DIR');
  const runs = runDirs.map(reportRun);
  // Folders may have the same last name, and curves are distinguished by name.
  runs.forEach((run, i) => {
    if (runs.findIndex((other) => other.name === run.name) < i) run.name = `${run.name} (${i + 1})`;
  });
  const folder = path.join(first, 'report');
  const timeline = makeTimeline(runs, folder);
  const strips = await filmStrips(timeline.videos, videoFiles(runs));
  const file = path.join(folder, 'index.html');
  writeFileAtomic(file, await makePage(runs, timeline, strips));
  return file;
}
