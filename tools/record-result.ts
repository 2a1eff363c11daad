/**
 * Enters the result of a finished run into `docs/results.json`, in the place of an older one of the same experiment, data and seed, and makes
 * `docs/results.md` anew. From the repository's root:
 *
 *   npx tsx tools/record-result.ts --run runs/demo --experiment 'G-TAD, long' --dataset synthetic \
 *     --command 'lofi run --config configs/demo.yaml --run runs/demo'
 *
 * `--baseline NAME` names the experiment that it is compared with, seed by seed. With `--clips` it is the accuracy of stage 1, entered into `docs/clip-results.json`. `--command` must give the very configuration of the run (`--set data.root=DIR` aside); no path of the machine belongs in it.
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
