/**
 * Compares samplers by what they reach in so many steps and in so many seconds. Every result is entered into
 * `docs/sampler-results.json` as soon as it is known, and the plot of all of them drawn anew. If it was interrupted, it
 * continues. Run it from the repository's root, for stage 1 after `npm run build`:
 *
 *   npx tsx tools/samplers.ts head --run DIR --data NAME --epochs N --validate-every N [--windows all]
 *   npx tsx tools/samplers.ts clips --config FILE --root DIR --data NAME [--set a.b=c]…
 *   npx tsx tools/samplers.ts table
 *
 * `head` trains heads on the features of a finished run; `clips` trains stage 1. Both take `--seeds` (5), `--only`, the
 * samplers by name, separated by semicolons, and `--out`, where runs are kept (runs/samplers). NAME names the data in
 * the results.
 */
import path from 'node:path';
import yargs from 'yargs';
import { MetricsLog } from '../src/checkpoints/metrics.js';
import { RunStore } from '../src/checkpoints/run-store.js';
import { featureSamplerTypes, samplerKey } from '../src/config/sections/sampler-section.js';
import { startOnFeatures } from '../src/stages/features/trained-on-features.js';
import { headStage } from '../src/stages/head/head-stage.js';
import { readRunConfig, withRun } from '../src/stages/run/run.js';
import { writeFileAtomic } from '../src/system/files/files.js';
import { print, say } from '../src/system/say.js';
import { lofi, setOptions } from './pipeline/lofi.js';
import { runTool } from './run-tool.js';
import { armsOf, samplingArms } from './sampling/arms.js';
import { samplingPlot, samplingTable } from './sampling/report.js';
import { samplingResult, type SamplingResult } from './sampling/result.js';
import { readSamplingResults, recordSampling } from './sampling/store.js';

const text = { type: 'string', requiresArg: true } as const;
const common = {
  data: { ...text, demandOption: true },
  only: { ...text, default: Object.keys(samplingArms).join(';') },
  seeds: { type: 'number', default: 5, requiresArg: true },
  out: { ...text, default: 'runs/samplers' },
} as const;
interface Common {
  data: string;
  only: string;
  seeds: number;
  out: string;
}

/** Every arm with every seed, those of a seed one after the other. */
function* trials({ only, seeds, out, data }: Common) {
  const names = armsOf(only);
  for (let seed = 0; seed < seeds; seed++)
    for (const arm of names) yield { arm, seed, folder: path.join(out, `${data}, ${arm}, ${seed}`) };
}

async function note(result: SamplingResult): Promise<void> {
  await recordSampling(result);
  const { curve, ...rest } = result;
  say(JSON.stringify({ ...rest, value: curve.at(-1)?.value }));
}

async function heads(
  args: Common & { run: string; epochs: number; validateEvery: number; windows: string | undefined },
) {
  await withRun(args.run, readRunConfig(args.run), { dataset: 'kept' }, async (run) => {
    const start = startOnFeatures(run);
    for (const { arm, seed, folder } of trials(args)) {
      const { head } = run.config;
      const sampler = samplerKey(featureSamplerTypes).parse(samplingArms[arm]);
      const { epochs, validateEvery } = args;
      const windows = args.windows === 'all' ? 'all' : head.windows;
      const config = { ...run.config, seed, head: { ...head, sampler, epochs, validateEvery, windows } };
      const log = new MetricsLog(path.join(folder, 'metrics.jsonl'));
      try {
        await headStage(() => start).run({ ...run, folder, config, store: new RunStore(folder), log });
      } finally {
        log.close();
      }
      await note(samplingResult(log.file, 'head', 'average_mAP', { data: args.data, arm, seed }));
    }
  });
}

async function clips(args: Common & { config: string; root: string; set: string[] }) {
  for (const { arm, seed, folder } of trials(args)) {
    const sampler = Object.entries(samplingArms[arm]!).map(([key, value]) => `pretrain.sampler.${key}=${value}`);
    const settings = [...args.set, ...sampler, `seed=${seed}`, `data.root=${path.resolve(args.root)}`];
    if (new RunStore(folder).manifest('pretrain')?.finished !== true)
      lofi(['pretrain', '--config', args.config, ...setOptions(settings), '--run', folder]);
    const file = path.join(folder, 'metrics.jsonl');
    await note(samplingResult(file, 'pretrain', 'top1', { data: args.data, arm, seed }));
  }
}

await runTool(async () => {
  await yargs(process.argv.slice(2))
    .command(
      'head',
      'stage 3 on the features of a run',
      {
        ...common,
        run: { ...text, demandOption: true },
        epochs: { type: 'number', demandOption: true, requiresArg: true },
        'validate-every': { type: 'number', demandOption: true, requiresArg: true },
        windows: text,
      },
      heads,
    )
    .command(
      'clips',
      'stage 1',
      {
        ...common,
        config: { ...text, demandOption: true },
        root: { ...text, demandOption: true },
        set: { type: 'string', array: true, nargs: 1, default: [] as string[] },
      },
      clips,
    )
    .command('table', 'prints all results, and draws them', {}, async () => {
      const results = readSamplingResults();
      print(samplingTable(results));
      writeFileAtomic('docs/images/samplers.svg', await samplingPlot(results));
    })
    .demandCommand(1)
    .strict()
    .parseAsync();
});
