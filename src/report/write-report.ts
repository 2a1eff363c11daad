import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files.js';
import { filmStrips } from './timeline/film-strip.js';
import { makePage } from './page.js';
import { reportRun } from './run/reported-run.js';
import { makeTimeline, videoFiles } from './timeline/timeline.js';

/**
 * Writes one self-contained page about one or more runs, side by side, to `report/index.html` of the first.
 *
 * @returns the path of the page.
 * @throws UsageError when a folder is no run folder or a file in it does not parse.
 */
export async function writeReport(runDirs: readonly string[]): Promise<string> {
  const [first] = runDirs;
  if (first === undefined) throw new UsageError('report needs at least one run folder: --run DIR');
  const runs = runDirs.map(reportRun);
  // Two folders may have the same last name; curves are told apart by name.
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
