/**
 * Compares codebooks that are learned with those that are fitted, on bags of points of the plane of which few tell the
 * class (see bags/bags.ts): bag of words, VLAD, Fisher vectors, and the learned aggregation of Katharopoulos et al. (T1
 * and T2), before and after training, each with a logistic regression on top.
 *
 *   npx tsx tools/toys/sets.ts [--seeds 5] [--json] [--plot docs/images/toy-sets.svg]
 *
 * Prints the accuracy on test bags: a table of means and standard deviations over the seeds, or with --json one array
 * of {arm, seed, set, K, accuracy}.
 */
import { writeFileAtomic } from '../../src/system/files/files.js';
import { say } from '../../src/system/say.js';
import { runTool } from '../run-tool.js';
import { bagsPlot } from './bags/bags-plot.js';
import { studyBags, usualStudy } from './bags/arms.js';
import { toyArguments } from './common/arguments.js';
import { printToy } from './common/report.js';

await runTool(async () => {
  const { seeds, json, plot } = toyArguments(process.argv.slice(2), 5);
  const results = studyBags({ ...usualStudy, seeds }, say);
  printToy(results, ({ set, K }) => `${set}, K ${K}`, json);
  if (plot !== undefined) writeFileAtomic(plot, await bagsPlot(results));
});
