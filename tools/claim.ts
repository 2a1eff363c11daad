/**
 * Tests whether the LoFi stage improves the encoder. Runs several arms of the same configuration with the same seeds,
 * and enters each result into `docs/results.json`, beside the baseline of its seed, as soon as it is done. If it was
 * interrupted, it continues. Run it from the repository's root, after `npm run build`:
 *
 *   npx tsx tools/claim.ts --config configs/fir.yaml [--data DIR] --name pyramid --dataset fir_action \
 *     [--set a.b=c]… [--arms frozen,baseline,long] [--seeds 3] [--out runs/claim]
 *
 * The arms are: `frozen` (the encoder as `encoder.weights` gives it); `baseline` (stages 1 and 3 as configured);
 * `clips` and `acp+` (the same with `--pretrain` epochs of stage 1, on `data.clips` or on the instances of the videos
 * themselves); and the schedules of stage 2, s, t, st, long and short, which share stage 1 with the baseline of their
 * seed. If no stage 1 is configured (`pretrain.epochs: 0`), `frozen` is the baseline. `--name` begins the names of the
 * experiments. DIR is `data.root`, which synthetic videos do not need.
 */
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import yargs from 'yargs';
import { RunStore } from '../src/checkpoints/run-store.js';
import { loadConfig } from '../src/config/load.js';
import { fidelities } from '../src/config/sections/low-fidelity.js';
import { featuresOf } from '../src/stages/features/extracted-features.js';
import { commandLine, lofi, setOptions, shareStage1 } from './pipeline/lofi.js';
import { resultOfRun } from './results/from-run.js';
import { record } from './results/record.js';
import { deviation, mean } from './results/statistics.js';

const text = { type: 'string', requiresArg: true } as const;
const args = yargs(process.argv.slice(2))
  .options({
    config: { ...text, demandOption: true },
    data: text,
    name: { ...text, demandOption: true },
    dataset: { ...text, demandOption: true },
    set: { type: 'string', array: true, nargs: 1, default: [] as string[] },
    arms: { ...text, default: 'frozen,baseline,long' },
    seeds: { type: 'number', default: 3, requiresArg: true },
    pretrain: { type: 'number', default: 8, requiresArg: true },
    out: { ...text, default: 'runs/claim' },
  })
  .strict()
  .parseSync();

const baselines = ['frozen', 'baseline', 'clips', 'acp+'] as const;
type Arm = (typeof baselines)[number] | (typeof fidelities)[number];
const known: readonly Arm[] = [...baselines, ...fidelities];
const arms = args.arms.split(',').map((name) => {
  const arm = known.find((one) => one === name);
  if (!arm) throw new Error(`--arms: ${name} is not one of ${known.join(', ')}`);
  return arm;
});

const folderOf = (arm: Arm, seed: number) => path.join(args.out, `${args.dataset}-${args.name}-${arm}-${seed}`);
/** The option that sets `data.root`, if there is one: to its path for running, to DIR for the record. */
const rootOptions = (as: string) => (args.data === undefined ? [] : setOptions([`data.root=${as}`]));

/** The settings of an arm, and whether stage 2 is left out. */
function planOf(arm: Arm, seed: number): { set: string[]; baseline: boolean } {
  const common = [...args.set, `seed=${seed}`];
  const stage1 = `pretrain.epochs=${args.pretrain}`;
  switch (arm) {
    case 'frozen':
      return { set: [...common, 'pretrain.epochs=0'], baseline: true };
    case 'baseline':
      return { set: common, baseline: true };
    case 'clips':
      return { set: [...common, stage1], baseline: true };
    case 'acp+':
      return { set: [...common, 'data.clips=null', stage1], baseline: true };
    default:
      return { set: [...common, `joint.fidelity=${arm}`], baseline: false };
  }
}

/** The arm with which the others are compared. */
const reference: Arm = loadConfig(args.config, [...args.set]).config.pretrain.epochs === 0 ? 'frozen' : 'baseline';

/**
 * Copies results that an arm has in common with an earlier run: the features of a frozen encoder, which do not depend
 * on the seed, or stage 1 of the same seed.
 */
function share(arm: Arm, seed: number): void {
  if (arm === 'frozen') {
    if (seed > 0 && existsSync(folderOf(arm, 0))) shareFeatures(seed);
  } else if (!planOf(arm, seed).baseline && existsSync(path.join(folderOf(reference, seed), 'metrics.json'))) {
    shareStage1(folderOf(reference, seed), folderOf(arm, seed));
  }
}

function shareFeatures(seed: number): void {
  const { sha256 } = new RunStore(folderOf('frozen', 0)).manifest('pretrain')!;
  const place = (of: number) => {
    const { config } = loadConfig(args.config, planOf('frozen', of).set);
    return path.join(folderOf('frozen', of), 'store', 'extract', featuresOf(config, sha256));
  };
  if (!existsSync(place(seed))) cpSync(place(0), place(seed), { recursive: true });
}

const scores = new Map(arms.map((arm) => [arm, [] as number[]]));
for (let seed = 0; seed < args.seeds; seed++) {
  for (const arm of arms) {
    const folder = folderOf(arm, seed);
    const { set, baseline } = planOf(arm, seed);
    const command = ['run', ...(baseline ? ['--baseline'] : []), '--config', args.config, ...setOptions(set)];
    if (!existsSync(path.join(folder, 'metrics.json'))) {
      process.stderr.write(`${args.name}, ${arm}, seed ${seed}\n`);
      share(arm, seed);
      lofi([...command, ...rootOptions(path.resolve(args.data ?? '.')), '--run', folder]);
    }
    const entry = resultOfRun(folder, {
      experiment: `${args.name}, ${arm}`,
      dataset: args.dataset,
      command: commandLine(['lofi', ...command, ...rootOptions('DIR')]),
      ...(arm === reference ? {} : { baseline: `${args.name}, ${reference}` }),
    });
    await record(entry);
    scores.get(arm)!.push(100 * entry.average_mAP);
    process.stdout.write(`${JSON.stringify({ experiment: entry.experiment, seed, average_mAP: entry.average_mAP })}\n`);
  }
}
for (const [arm, of] of scores) {
  const spread = of.length > 1 ? ` ± ${deviation(of).toFixed(1)}` : '';
  process.stdout.write(`${args.name}, ${arm}: ${mean(of).toFixed(1)}${spread} over ${of.length} seeds\n`);
}
