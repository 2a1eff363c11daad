/**
 * Trains `joint` for many small steps, and tells whether memory and tensors stay constant and what checkpoints cost at
 * the default settings. Run it after `npm run build`:
 *
 *   npx tsx tools/night/soak.ts --out /tmp/soak --steps 5000 [--precision bfloat16]
 *
 * Prints one JSON document. Memory is the resident size after the first 500 steps. Its percentages are the lowest and
 * the highest mean of a hundred steps, relative to the mean of all.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import yargs from 'yargs';
import { readMetrics } from '../../src/checkpoints/metrics.js';
import { lofi, repository } from './outcome.js';

const args = yargs(process.argv.slice(2))
  .options({
    out: { type: 'string', demandOption: true, describe: 'run folder' },
    steps: { type: 'number', default: 5000 },
    precision: { choices: ['float32', 'bfloat16'] as const, default: 'float32' as const },
  })
  .strict()
  .parseSync();

/** `configs/tiny.yaml` has six training videos. Three shapes, as small as the network takes, are used in turn. */
const settings = [
  'encoder.frames=2',
  'pretrain.epochs=1',
  `joint.epochs=${Math.ceil(args.steps / 6)}`,
  'joint.batch=1',
  `precision=${args.precision}`,
  'joint.shapes=[{snippets: 8, size: 16}, {snippets: 4, size: 32}, {snippets: 6, size: 24}]',
];

for (const stage of ['pretrain', 'joint']) {
  const set = settings.flatMap((setting) => ['--set', setting]);
  execFileSync(process.execPath, [lofi, stage, '--config', 'configs/tiny.yaml', ...set, '--run', args.out], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const records = readMetrics(path.join(args.out, 'metrics.jsonl')).filter(({ stage }) => stage === 'joint');
const numbers = (key: string) => records.map((record) => Number(record[key]));
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const times = records.map(({ time }) => Date.parse(String(time)) / 1000);
const resident = numbers('rssMiB').slice(500);
const mean = sum(resident) / resident.length;
const windows = Array.from(
  { length: Math.floor(resident.length / 100) },
  (_, i) => sum(resident.slice(100 * i, 100 * i + 100)) / 100,
);
const steps = sum(numbers('seconds').slice(1));
const whole = times.at(-1)! - times[0]!;
const percent = (part: number) => Math.round(part * 1e4) / 100;
const result = {
  steps: records.length,
  minutes: Math.round(whole / 6) / 10,
  rssMiB: { mean: Math.round(mean), min: Math.min(...resident), max: Math.max(...resident) },
  rssPercent: [percent(Math.min(...windows) / mean - 1), percent(Math.max(...windows) / mean - 1)],
  tensors: [...new Set(numbers('tensors').slice(500))],
  // The time between the steps: checkpoints, heartbeat, signals.
  betweenStepsPercent: percent((whole - steps) / whole),
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
