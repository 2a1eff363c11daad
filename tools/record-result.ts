/**
 * Enters the result of a finished run into `docs/results.json` and makes `docs/results.md` anew. From the repository's root:
 *
 *   npx tsx tools/record-result.ts --run runs/demo --experiment 'LoFi, long cycle' --dataset 'synthetic (demo)' \
 *     --command 'lofi run --config configs/demo.yaml --run runs/demo'
 *
 * `--command` must give the very configuration of the run (`--set data.root=DIR` aside); no path of the machine belongs in it.
 */
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import yargs from 'yargs';
import { LofiError } from '../src/system/errors.js';
import { writeFileAtomic } from '../src/system/files.js';
import { readResults } from './results/entry.js';
import { resultOfRun } from './results/from-run.js';
import { resultsMarkdown } from './results/markdown.js';

const text = { type: 'string', demandOption: true, requiresArg: true } as const;
const args = yargs(process.argv.slice(2))
  .options({ run: text, experiment: text, dataset: text, command: text })
  .strict()
  .parseSync();
const docs = path.resolve(import.meta.dirname, '..', 'docs');
const file = path.join(docs, 'results.json');

try {
  const entries = [...readResults(file), resultOfRun(args.run, args)];
  const style = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileAtomic(file, await format(JSON.stringify(entries, null, 2), style));
  writeFileAtomic(path.join(docs, 'results.md'), resultsMarkdown(entries));
  process.stdout.write(`${JSON.stringify(entries.at(-1))}\n`);
} catch (error) {
  if (!(error instanceof LofiError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}
