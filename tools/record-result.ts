/**
 * Enters the result of a finished run into `docs/results.json` and writes `docs/results.md` anew. An older result of
 * the same experiment, data and seed is replaced. Run it from the repository's root:
 *
 *   npx tsx tools/record-result.ts --run runs/demo --experiment 'G-TAD, long' --dataset synthetic \
 *     --command 'lofi run --config configs/demo.yaml --run runs/demo'
 *
 * `--baseline NAME` names the experiment with which this one is compared, seed by seed. With `--clips` the result is
 * the accuracy of stage 1, which is entered into `docs/clip-results.json`. `--command` must give exactly the
 * configuration of the run (except for `--set data.root=DIR`) and must not contain paths of the machine.
 */
import yargs from 'yargs';
import { LofiError } from '../src/system/errors.js';
import { clipResultOfRun, resultOfRun } from './results/from-run.js';
import { record } from './results/record.js';

const text = { type: 'string', demandOption: true, requiresArg: true } as const;
const args = yargs(process.argv.slice(2))
  .options({
    run: text,
    experiment: text,
    dataset: text,
    command: text,
    baseline: { type: 'string', requiresArg: true },
    clips: { type: 'boolean', default: false },
  })
  .strict()
  .parseSync();

try {
  const entry = args.clips ? clipResultOfRun(args.run, args) : resultOfRun(args.run, args);
  await record(entry);
  process.stdout.write(`${JSON.stringify(entry)}\n`);
} catch (error) {
  if (!(error instanceof LofiError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}
