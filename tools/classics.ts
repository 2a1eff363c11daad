/**
 * Compares the classic networks on trimmed clips: trains stage 1 with each, evaluates it by `lofi classify`, and enters
 * the result into `docs/classic-results.json` as soon as it is known. If it was interrupted, it continues. Run it from
 * the repository's root, after `npm run build`:
 *
 *   npx tsx tools/classics.ts run --root DIR [--seeds 3] [--only 'slow;late'] [--out runs/classics]
 *   npx tsx tools/classics.ts table
 *
 * DIR is `data.root` of `configs/composed-classic.yaml`; `table` prints the results.
 */
import path from 'node:path';
import yargs from 'yargs';
import { RunStore } from '../src/checkpoints/run-store.js';
import { startEngine } from '../src/engine/backend.js';
import { classifyRuns } from '../src/stages/classify/classify-runs.js';
import { readRunConfig } from '../src/stages/run/run.js';
import { print, say } from '../src/system/say.js';
import { classicArms, classicArmsOf } from './classics/arms.js';
import { secondsOfClip } from './classics/seconds-of-clip.js';
import { readClassicResults, recordClassic } from './classics/store.js';
import { classicTable } from './classics/table.js';
import { lofi, setOptions } from './pipeline/lofi.js';
import { runTool } from './run-tool.js';

const config = 'configs/composed-classic.yaml';
const text = { type: 'string', requiresArg: true } as const;

async function compare({ root, only, seeds, out }: { root: string; only: string; seeds: number; out: string }) {
  await startEngine();
  for (let seed = 0; seed < seeds; seed++) {
    for (const arm of classicArmsOf(only)) {
      const folder = path.join(out, `${arm}, ${seed}`);
      const settings = [...classicArms[arm]!, `seed=${seed}`, `data.root=${path.resolve(root)}`];
      if (new RunStore(folder).manifest('pretrain')?.finished !== true)
        lofi(['pretrain', '--config', config, ...setOptions(settings), '--run', folder]);
      const { average } = await classifyRuns([folder], { clips: 20, views: 4 });
      const { clip, video } = average;
      const result = { arm, seed, clip, video, clip_seconds: secondsOfClip(readRunConfig(folder)) };
      await recordClassic(result);
      say(JSON.stringify(result));
    }
  }
}

await runTool(async () => {
  await yargs(process.argv.slice(2))
    .command(
      'run',
      'trains and evaluates',
      {
        root: { ...text, demandOption: true },
        only: { ...text, default: Object.keys(classicArms).join(';') },
        seeds: { type: 'number', default: 3, requiresArg: true },
        out: { ...text, default: 'runs/classics' },
      },
      compare,
    )
    .command('table', 'prints all results', {}, () => {
      print(classicTable(readClassicResults()));
    })
    .demandCommand(1)
    .strict()
    .parseAsync();
});
