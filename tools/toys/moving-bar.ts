/**
 * Compares where a fusion network (`encoder.type: fusion`) joins the frames of a clip, on clips of a bar that moves to
 * the left or to the right (see bars/bar-clips.ts). A frame alone does not tell which, so that a network that sees
 * frames one by one can only guess.
 *
 *   npx tsx tools/toys/moving-bar.ts [--seeds 5] [--json] [--plot docs/images/toy-moving-bar.svg]
 *
 * Prints the accuracy on test clips: a table of means and standard deviations over the seeds, or with --json one array
 * of {arm, seed, accuracy}. An arm is an `encoder.fusion.kind`.
 */
import { startEngine } from '../../src/engine/backend.js';
import { writeFileAtomic } from '../../src/system/files/files.js';
import { say } from '../../src/system/say.js';
import { runTool } from '../run-tool.js';
import { barPlot } from './bars/bar-plot.js';
import { studyBars } from './bars/study-bars.js';
import { toyArguments } from './common/arguments.js';
import { printToy } from './common/report.js';

await runTool(async () => {
  const { seeds, json, plot } = toyArguments(process.argv.slice(2), 5);
  await startEngine();
  const results = studyBars(seeds, say);
  printToy(results, () => 'accuracy', json);
  if (plot !== undefined) writeFileAtomic(plot, await barPlot(results));
});
