/**
 * What an LSTM that has learnt without labels is worth where few videos have labels. On the features of a finished run
 * it trains heads with the labels of a part of the training videos, as they are; with an LSTM before them from scratch;
 * and with one that `pretext` (composite) has trained on the features of all training videos. Every result is entered
 * into `docs/few-labels-results.json` as soon as it is known, and the plot drawn anew. If it was interrupted, it
 * continues. Run it from the repository's root:
 *
 *   npx tsx tools/few-labels.ts run --run DIR --data NAME [--epochs 10] [--shares 8,4,2,1] [--seeds 3] \
 *     [--only 'pyramid;LSTM from scratch'] [--set pretext.epochs=50]… [--out runs/few-labels]
 *   npx tsx tools/few-labels.ts table
 *
 * Shares are one in so many videos; subsets are nested, by seed, and have every class as early as possible. Every head
 * takes about as many steps as `--epochs` of all videos are, whose last state is judged on the validation videos.
 */
import path from 'node:path';
import yargs from 'yargs';
import { MetricsLog } from '../src/checkpoints/metrics.js';
import { RunStore } from '../src/checkpoints/run-store.js';
import { loadConfig } from '../src/config/load.js';
import type { Config } from '../src/config/schema.js';
import type { Dataset } from '../src/data/dataset.js';
import { featureOrigins, openFeatures } from '../src/stages/features/open-features.js';
import { pretrainedSequence } from '../src/stages/features/pretrained-sequence.js';
import { headStage } from '../src/stages/head/head-stage.js';
import { perceptsOf } from '../src/stages/pretext/percepts.js';
import { pretextStage } from '../src/stages/pretext/pretext-stage.js';
import { readRunConfig, withRun, type Run } from '../src/stages/run/run.js';
import { adoptStage } from '../src/stages/training/resume.js';
import { UsageError } from '../src/system/errors.js';
import { writeFileAtomic } from '../src/system/files/files.js';
import { print, say } from '../src/system/say.js';
import { labelsPlot, labelsTable } from './labels/report.js';
import { readLabelsResults, recordLabels } from './labels/results.js';
import { labelledShare, labelOrder } from './labels/subsets.js';
import { runTool } from './run-tool.js';

/** The arms that are compared: the keys that differ. */
const arms: Readonly<Record<string, readonly string[]>> = {
  pyramid: ['model.sequence=none', 'pretext=null'],
  'LSTM from scratch': ['model.sequence=lstm', 'pretext=null'],
  'LSTM from composite': ['model.sequence=lstm', 'pretext.data=features', 'pretext.task=composite'],
};

interface Arguments {
  run: string;
  data: string;
  epochs: number;
  shares: string;
  seeds: number;
  only: string;
  set: string[];
  out: string;
}

/** The run in a folder of its own, with another configuration and dataset. */
async function inFolder(
  run: Run,
  folder: string,
  change: Pick<Run, 'config' | 'dataset'>,
  work: (own: Run) => Promise<void>,
) {
  const log = new MetricsLog(path.join(folder, 'metrics.jsonl'));
  try {
    await work({ ...run, ...change, folder, store: new RunStore(folder), log });
  } finally {
    log.close();
  }
}

/** The dataset in which only some training videos have labels: the others are of no subset that is used. */
function withLabels(dataset: Dataset, trainOn: string, ids: ReadonlySet<string>): Dataset {
  const videos = dataset.videos.map((video) =>
    video.subset === trainOn && !ids.has(video.id) ? { ...video, subset: 'without labels' } : video,
  );
  return { ...dataset, videos };
}

/** As many steps as so many epochs of all videos have, in epochs of a share of them. */
function withSteps(config: Config, epochs: number, share: number): Config {
  const { head } = config;
  const scale = epochs / head.epochs / share;
  const scaled = (number: number) => Math.max(1, Math.round(number * scale));
  return {
    ...config,
    head: {
      ...head,
      epochs: scaled(head.epochs),
      warmupEpochs: head.warmupEpochs * scale,
      lrSteps: head.lrSteps.map((at) => at * scale),
      validateEvery: scaled(head.epochs),
    },
  };
}

async function trials(args: Arguments): Promise<void> {
  const names = args.only.split(';');
  const unknown = names.find((name) => !Object.hasOwn(arms, name));
  if (unknown !== undefined) throw new UsageError(`--only: ${unknown} is not one of ${Object.keys(arms).join('; ')}`);
  const shares = args.shares.split(',').map((one) => 1 / Number(one));
  if (!shares.every((share) => share > 0 && share <= 1)) throw new UsageError('--shares: numbers from 1: 8,4,2,1');
  await withRun(args.run, readRunConfig(args.run), { dataset: 'kept' }, async (run) => {
    const { trainOn } = run.config.data;
    const training = run.dataset.videos.filter(({ subset }) => subset === trainOn);
    const everything = openFeatures(run);
    for (let seed = 0; seed < args.seeds; seed++) {
      const order = labelOrder(
        training.map(({ id, instances }) => ({ id, labels: instances.map(({ label }) => label) })),
        seed,
      );
      for (const name of names) {
        const settings = [
          ...arms[name]!,
          ...args.set.filter((one) => !one.startsWith('pretext') || name.endsWith('composite')),
        ];
        const file = path.join(args.run, 'config.yaml');
        const { config } = loadConfig(file, [...settings, `seed=${seed}`]);
        const learnt = path.join(args.out, `${args.data}, pretext, ${seed}`);
        if (config.pretext)
          await inFolder(run, learnt, { config, dataset: run.dataset }, (own) =>
            pretextStage(() => ({
              origins: featureOrigins(everything),
              percepts: () => Promise.resolve(perceptsOf(everything, trainOn)),
            })).run(own),
          );
        for (const share of shares) {
          const ids = labelledShare(order, share);
          const dataset = withLabels(run.dataset, trainOn, ids);
          const source = openFeatures({ ...run, dataset });
          const folder = path.join(args.out, `${args.data}, ${name}, ${seed}, ${ids.size}`);
          await inFolder(run, folder, { config: withSteps(config, args.epochs, share), dataset }, async (own) => {
            if (config.pretext && own.store.manifest('pretext') === null)
              adoptStage(own, 'pretext', {
                store: new RunStore(learnt),
                log: { file: path.join(learnt, 'metrics.jsonl') },
              });
            await headStage(() => ({
              origins: featureOrigins(source),
              source,
              pretext: () => pretrainedSequence(own, source),
            })).run(own);
            const { best, step } = own.store.manifest('head')!;
            const instances = dataset.videos
              .filter(({ subset }) => subset === trainOn)
              .flatMap((video) => video.instances);
            const result = {
              ...{ data: args.data, arm: name, share, seed, videos: ids.size, instances: instances.length },
              ...{ classes: new Set(instances.map(({ label }) => label)).size, average_mAP: best!.value, steps: step },
            };
            await recordLabels(result);
            say(JSON.stringify(result));
          });
        }
      }
    }
  });
  await report();
}

async function report(): Promise<void> {
  const results = readLabelsResults();
  print(labelsTable(results));
  writeFileAtomic('docs/images/few-labels.svg', await labelsPlot(results));
}

const text = { type: 'string', requiresArg: true } as const;
await runTool(async () => {
  await yargs(process.argv.slice(2))
    .command(
      'run',
      'trains the heads on the features of a run',
      {
        run: { ...text, demandOption: true },
        data: { ...text, demandOption: true },
        epochs: { type: 'number', default: 10, requiresArg: true },
        shares: { ...text, default: '8,4,2,1' },
        seeds: { type: 'number', default: 3, requiresArg: true },
        only: { ...text, default: Object.keys(arms).join(';') },
        set: { type: 'string', array: true, nargs: 1, default: [] as string[] },
        out: { ...text, default: 'runs/few-labels' },
      },
      trials,
    )
    .command('table', 'prints all results, and draws them', {}, report)
    .demandCommand(1)
    .strict()
    .parseAsync();
});
