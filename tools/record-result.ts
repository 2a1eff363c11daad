/**
 * Enters the result of a finished run into `docs/results.json` and makes `docs/results.md` anew. From the repository's root:
 *
 *   npx tsx tools/record-result.ts --run runs/demo --experiment 'LoFi, long cycle' --dataset 'synthetic (demo)' \
 *     --command 'lofi run --config configs/demo.yaml --run runs/demo'
 *
 * `--baseline NAME` names the experiment that it is compared with, seed by seed. With `--clips` it is the accuracy of stage 1, entered into `docs/clip-results.json`. `--command` must give the very configuration of the run (`--set data.root=DIR` aside); no path of the machine belongs in it.
 */
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import yargs from 'yargs';
import { LofiError } from '../src/system/errors.js';
import { writeFileAtomic } from '../src/system/files.js';
import { readClipResults, readResults } from './results/entry.js';
import { clipResultOfRun, resultOfRun } from './results/from-run.js';
import { resultsMarkdown } from './results/markdown.js';

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
const docs = path.resolve(import.meta.dirname, '..', 'docs');
const [file, clipFile] = ['results.json', 'clip-results.json'].map((name) => path.join(docs, name)) as [string, string];

try {
  const entries = readResults(file);
  const clips = readClipResults(clipFile);
  const entry = args.clips ? clipResultOfRun(args.run, args) : resultOfRun(args.run, args);
  if ('top1' in entry) await save(clipFile, clips, entry);
  else await save(file, entries, entry);
  writeFileAtomic(path.join(docs, 'results.md'), resultsMarkdown(entries, clips));
  process.stdout.write(`${JSON.stringify(entry)}\n`);
} catch (error) {
  if (!(error instanceof LofiError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

async function save<T>(file: string, entries: T[], entry: T): Promise<void> {
  entries.push(entry);
  const style = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileAtomic(file, await format(JSON.stringify(entries, null, 2), style));
}
