/**
 * Trains the configurations of the two small real data sets and exports each model to a file for
 * `lofi detect --model`: OUT/composed.lofi and OUT/fir.lofi. If it was interrupted, it continues. Run it from the
 * repository's root, after `npm run build`:
 *
 *   npx tsx tools/bundles.ts --data DIR [--out runs/bundles]
 *
 * DIR is `data.root`. It contains composed_8cls, trimmed_clips, fir_action and mobilenet_v2_035. Both heads are trained
 * on ImageNet's encoder as it is: on either data set, the gain of stage 2 cannot be told from chance (docs/results.md).
 */
import path from 'node:path';
import yargs from 'yargs';
import { lofi } from './pipeline/lofi.js';

const text = { type: 'string', requiresArg: true } as const;
const { data, out } = yargs(process.argv.slice(2))
  .options({ data: { ...text, demandOption: true }, out: { ...text, default: 'runs/bundles' } })
  .strict()
  .parseSync();

lofi(['setup', '--imagenet']);
for (const name of ['composed', 'fir']) {
  const run = path.join(out, name);
  const settings = ['--config', `configs/${name}.yaml`, '--set', `data.root=${path.resolve(data)}`];
  lofi(['run', '--baseline', ...settings, '--run', run]);
  const file = `${run}.lofi`;
  lofi(['export', '--run', run, '--out', file]);
  process.stdout.write(`${file}\n`);
}
