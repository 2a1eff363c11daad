/**
 * Compares samplers where only few points teach anything: those near a boundary that winds (see points/points.ts). A
 * small network is trained for 3000 steps on batches that are shuffled, or chosen by the losses that the network has
 * on 1024 candidates (docs/method.md §13).
 *
 *   npx tsx tools/toys/boundary.ts [--seeds 5] [--json] [--plot docs/images/toy-boundary.svg]
 *
 * Prints error and cross-entropy on test points: a table of means and standard deviations over the seeds, or with
 * --json one array of {arm, seed, step, accuracy, loss}.
 */
import { writeFileAtomic } from '../../src/system/files/files.js';
import { say } from '../../src/system/say.js';
import { runTool } from '../run-tool.js';
import { toyArguments } from './common/arguments.js';
import { printToy } from './common/report.js';
import { boundaryArms, studyBoundary } from './points/arms.js';
import { boundaryPlot } from './points/boundary-plot.js';

const steps = 3000;

await runTool(async () => {
  const { seeds, json, plot } = toyArguments(process.argv.slice(2), 5);
  const results = studyBoundary({ side: 100, steps, every: 250, seeds, arms: Object.keys(boundaryArms) }, say);
  const columns = results
    .filter(({ step }) => step === steps)
    .flatMap(({ arm, seed, accuracy, loss }) => [
      { seed, row: arm, arm: 'error', accuracy: 1 - accuracy },
      { seed, row: arm, arm: 'cross-entropy, nats', accuracy: loss },
    ]);
  if (json) printToy(results, ({ arm }) => arm, true);
  else printToy(columns, ({ row }) => row, false);
  if (plot !== undefined) writeFileAtomic(plot, await boundaryPlot(results));
});
