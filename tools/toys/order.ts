/**
 * Compares aggregators on sequences of which only the order tells the class (see sequences/sequences.ts): each step
 * goes through a small network of its own, and one vector is made of the sequence, which a logistic regression
 * classifies. The network is left as it begins (`frozen`), or trained through the aggregator (`trained`). Rank pooling
 * is trained by its exact gradient and by the approximate one of the Hessian's diagonal.
 *
 *   npx tsx tools/toys/order.ts [--seeds 5] [--json] [--plot docs/images/toy-order.svg]
 *
 * Prints the accuracy on test sequences: a table of means and standard deviations over the seeds, or with --json one
 * array of {arm, seed, accuracy, aggregator, trained}.
 */
import { writeFileAtomic } from '../../src/system/files/files.js';
import { say } from '../../src/system/say.js';
import { runTool } from '../run-tool.js';
import { toyArguments } from './common/arguments.js';
import { printToy } from './common/report.js';
import { studyOrders } from './sequences/arms.js';
import { orderPlot } from './sequences/order-plot.js';

await runTool(async () => {
  const { seeds, json, plot } = toyArguments(process.argv.slice(2), 5);
  const results = studyOrders(seeds, say);
  const columns = results.map(({ aggregator, trained, seed, accuracy }) => ({
    ...{ seed, accuracy, row: aggregator },
    arm: trained ? 'trained' : 'frozen',
  }));
  if (json) printToy(results, ({ arm }) => arm, true);
  else printToy(columns, ({ row }) => row, false);
  if (plot !== undefined) writeFileAtomic(plot, await orderPlot(results));
});
