/**
 * Trains the configurations of the two small real sets and puts each model into one file for `lofi detect --model`: OUT/composed.lofi and
 * OUT/fir.lofi. Goes on where it was interrupted. From the repository's root, after `npm run build`:
 *
 *   npx tsx tools/bundles.ts --data DIR [--out runs/bundles]
 *
 * DIR is `data.root`: it holds composed_8cls, fir_action, trimmed_clips and mobilenet_v2_035.
 */
import path from 'node:path';
import yargs from 'yargs';
import { lofi } from './pipeline/lofi.js';

const text = { type: 'string', requiresArg: true } as const;
const { data, out } = yargs(process.argv.slice(2))
  .options({ data: { ...text, demandOption: true }, out: { ...text, default: 'runs/bundles' } })
  .strict()
  .parseSync();

for (const name of ['composed', 'fir']) {
  const run = path.join(out, name);
  lofi(['run', '--config', `configs/${name}.yaml`, '--set', `data.root=${path.resolve(data)}`, '--run', run]);
  const file = `${run}.lofi`;
  lofi(['export', '--run', run, '--out', file]);
  process.stdout.write(`${file}\n`);
}
