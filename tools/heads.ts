/**
 * A configuration under several seeds, one after the other, on one extraction: mean and spread of the average mAP on validation. Goes on where it
 * was interrupted. From the repository's root, after `npm run build`:
 *
 *   npx tsx tools/heads.ts --config configs/composed-pyramid.yaml --data DIR [--set a.b=c]… [--seeds 5] [--out runs/heads] [--record NAME --dataset NAME]
 *
 * DIR is `data.root`. The encoder must not depend on the seed: `pretrain.epochs: 0`. `--record` enters each seed into `docs/results.json` as an experiment.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import yargs from 'yargs';
import { RunStore } from '../src/checkpoints/store.js';
import { loadConfig } from '../src/config/load.js';
import { featuresOf } from '../src/stages/extract.js';
import { readJson } from '../src/system/files.js';
import { lofi } from './pipeline/lofi.js';
import { deviation, mean } from './results/statistics.js';

const text = { type: 'string', requiresArg: true } as const;
const args = yargs(process.argv.slice(2))
  .options({
    config: { ...text, demandOption: true },
    data: { ...text, demandOption: true },
    set: { type: 'string', array: true, nargs: 1, default: [] as string[] },
    seeds: { type: 'number', default: 5, requiresArg: true },
    out: { ...text, default: 'runs/heads' },
    record: text,
    dataset: { ...text, default: 'validation' },
  })
  .strict()
  .parseSync();

const overrides = (seed: number) => [...args.set, `seed=${seed}`];
const folderOf = (seed: number) => path.join(args.out, `${path.basename(args.config, '.yaml')}-${seed}`);
const setOptions = (list: readonly string[]) => list.flatMap((one) => ['--set', one]);

/** Gives the run of a seed the features of the first one's, under the name that it looks for. */
function shareFeatures(seed: number): void {
  const { sha256 } = new RunStore(folderOf(0)).manifest('pretrain')!;
  const place = (of: number) =>
    path.join(folderOf(of), 'store', 'extract', featuresOf(loadConfig(args.config, overrides(of)).config, sha256));
  if (!existsSync(place(seed))) cpSync(place(0), place(seed), { recursive: true });
}

function record(seed: number, experiment: string): void {
  const command = ['lofi', 'run', '--baseline', '--config', args.config, ...setOptions(overrides(seed))];
  const named = ['--run', folderOf(seed), '--experiment', experiment, '--dataset', args.dataset];
  const tool = [path.join(import.meta.dirname, 'record-result.ts'), ...named, '--command', command.join(' ')];
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', ...tool], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}

const scores = Array.from({ length: args.seeds }, (_, seed) => {
  const folder = folderOf(seed);
  const result = path.join(folder, 'metrics.json');
  if (!existsSync(result)) {
    if (seed > 0) shareFeatures(seed);
    const where = ['--set', `data.root=${path.resolve(args.data)}`, '--run', folder];
    lofi(['run', '--baseline', '--config', args.config, ...setOptions(overrides(seed)), ...where]);
    if (args.record !== undefined) record(seed, args.record);
  }
  const { average_mAP } = readJson(result, 'metrics') as { average_mAP: number };
  process.stdout.write(`seed ${seed}: ${(100 * average_mAP).toFixed(1)}\n`);
  return 100 * average_mAP;
});
const spread = scores.length > 1 ? `, standard deviation ${deviation(scores).toFixed(1)}` : '';
process.stdout.write(`mean ${mean(scores).toFixed(1)}${spread} of ${scores.length} seeds\n`);
