/**
 * Every low-fidelity schedule of the paper's table 2 beside the baseline, on the demo's synthetic videos: one stage 1 a seed, then each
 * stage 2. Goes on where it was interrupted. From the repository's root, after `npm run build`:
 *
 *   npx tsx tools/schedules.ts [--seed 0] [--out runs/schedules]
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import yargs from 'yargs';
import { evaluateRun } from '../src/report/evaluate-run.js';
import { runsTable } from '../src/report/table.js';
import { fidelities } from '../src/config/low-fidelity.js';
import { lofi, shareStage1 } from './pipeline/lofi.js';

const { seed, out } = yargs(process.argv.slice(2))
  .options({
    seed: { type: 'number', default: 0, requiresArg: true },
    out: { type: 'string', default: 'runs/schedules', requiresArg: true },
  })
  .strict()
  .parseSync();

/** The short cycle scaled as the rest of the demo is: its whole run has 15 batches. */
const shortCycle = ['--set', 'joint.cycle.length=1'];

const folder = (name: string) => path.join(out, `${name}-${seed}`);
const run = (name: string, ...more: string[]) => {
  process.stderr.write(`${name}, seed ${seed}\n`);
  const command = ['run', '--config', 'configs/demo.yaml', '--set', `seed=${seed}`, '--run', folder(name), ...more];
  if (!existsSync(path.join(folder(name), 'metrics.json'))) lofi(command);
};

run('baseline', '--baseline');
for (const name of fidelities) {
  shareStage1(folder('baseline'), folder(name));
  run(name, '--set', `joint.fidelity=${name}`, ...(name === 'short' ? shortCycle : []));
}
const rows = ['baseline', ...fidelities].map((name) => ({
  name,
  metrics: evaluateRun(folder(name), 'validation').all,
}));
process.stdout.write(`${runsTable(rows)}\n`);
