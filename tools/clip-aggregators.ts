/**
 * Compares snippet aggregators in stage 1: trains it on trimmed clips with each, and enters the accuracy on validation
 * clips into `docs/clip-results.json` as soon as it is known. If it was interrupted, it continues. Run it from the
 * repository's root, after `npm run build`:
 *
 *   npx tsx tools/clip-aggregators.ts --config configs/composed-gtad.yaml --data DIR [--set a.b=c]… [--seeds 3] \
 *     [--only 'mean,rank and mean'] [--out runs/clip-aggregators]
 */
import path from 'node:path';
import yargs from 'yargs';
import { RunStore } from '../src/checkpoints/run-store.js';
import { commandLine, lofi, setOptions } from './pipeline/lofi.js';
import { clipResultOfRun } from './results/from-run.js';
import { record } from './results/record.js';
import { deviation, mean } from './results/statistics.js';

/** The settings of each arm under `encoder.aggregator`. */
const arms: Readonly<Record<string, readonly string[]>> = {
  mean: ['type=mean'],
  max: ['type=max'],
  'arp and mean': ['type=arp', 'withMean=true'],
  'rank and mean': ['type=rank', 'withMean=true'],
  softbow: ['type=softbow'],
  'softbow and mean': ['type=softbow', 'withMean=true'],
  vlad: ['type=vlad'],
  fisher: ['type=fisher'],
};

const text = { type: 'string', requiresArg: true } as const;
const args = yargs(process.argv.slice(2))
  .options({
    config: { ...text, demandOption: true },
    data: { ...text, demandOption: true },
    set: { type: 'string', array: true, nargs: 1, default: [] as string[] },
    only: { ...text, default: Object.keys(arms).join() },
    seeds: { type: 'number', default: 3, requiresArg: true },
    out: { ...text, default: 'runs/clip-aggregators' },
  })
  .strict()
  .parseSync();

const names = args.only.split(',');
const unknown = names.find((name) => !Object.hasOwn(arms, name));
if (unknown !== undefined) throw new Error(`--only: ${unknown} is not one of ${Object.keys(arms).join()}`);
const found = new Map(names.map((name) => [name, [] as number[]]));
for (let seed = 0; seed < args.seeds; seed++) {
  for (const name of names) {
    const folder = path.join(args.out, `${name.replaceAll(' ', '-')}-${seed}`);
    const settings = [...args.set, ...arms[name]!.map((one) => `encoder.aggregator.${one}`), `seed=${seed}`];
    const command = ['pretrain', '--config', args.config, ...setOptions(settings)];
    if (new RunStore(folder).manifest('pretrain')?.finished !== true) {
      process.stderr.write(`${name}, seed ${seed}\n`);
      lofi([...command, ...setOptions([`data.root=${path.resolve(args.data)}`]), '--run', folder]);
    }
    const entry = clipResultOfRun(folder, {
      experiment: `snippets by ${name}`,
      dataset: 'trimmed_clips',
      command: commandLine(['lofi', ...command, ...setOptions(['data.root=DIR'])]),
    });
    await record(entry);
    found.get(name)!.push(100 * entry.top1);
    process.stdout.write(`${JSON.stringify({ experiment: entry.experiment, seed, top1: entry.top1 })}\n`);
  }
}
for (const [name, of] of found) {
  const spread = of.length > 1 ? ` ± ${deviation(of).toFixed(1)}` : '';
  process.stdout.write(`${name}: top-1 ${mean(of).toFixed(1)}${spread} over ${of.length} seeds\n`);
}
