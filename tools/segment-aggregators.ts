/**
 * Compares what tells the classes of segments, aggregators and an LSTM, on the proposals of one and the same head. For
 * every finished run and every arm it trains a classifier of segments on the run's features (in
 * `RUN/aggregators/<arm>`, where it goes on after an interruption), and measures on the validation videos the run's own
 * head with that classifier, and the classifier alone on the annotated segments.
 *
 *   npx tsx tools/segment-aggregators.ts --run DIR [--run DIR]… [--only mean,rank] [--json]
 *
 * Prints a table of means and standard deviations over the runs, or with --json one array of
 * {arm, run, seed, average_mAP, top1}. Arm `head` is the head's own labels, where it gives some; `lstm` starts from
 * what `pretext` has learnt, where that is a stage of the run.
 */
import path from 'node:path';
import Table from 'cli-table3';
import yargs from 'yargs';
import { MetricsLog } from '../src/checkpoints/metrics.js';
import { RunStore } from '../src/checkpoints/run-store.js';
import { segmentsSchema } from '../src/config/sections/segments-section.js';
import type { Config } from '../src/config/schema.js';
import { importParts } from '../src/models/parts.js';
import { say, print, printJson } from '../src/system/say.js';
import { videosWithFeatures } from '../src/stages/features/open-features.js';
import { startOnFeatures, type FeatureStart } from '../src/stages/features/trained-on-features.js';
import { validate } from '../src/stages/head/validate.js';
import { freshLocalizer, type Localizer } from '../src/stages/localize/localizer.js';
import { readRunConfig, withRun, type Run } from '../src/stages/run/run.js';
import { ownLabels } from '../src/stages/segments/segment-classifier.js';
import { segmentsStage } from '../src/stages/segments/segments-stage.js';
import { toState } from '../src/stages/training/snapshot.js';
import { headInstances } from '../src/stages/training/targets.js';
import { deviation, mean } from './results/statistics.js';
import { runTool } from './run-tool.js';

const aggregators: Readonly<Record<string, object>> = {
  mean: { type: 'mean' },
  max: { type: 'max' },
  rank: { type: 'rank' },
  'rank and mean': { type: 'rank', withMean: true },
  arp: { type: 'arp' },
  'arp and mean': { type: 'arp', withMean: true },
  'softbow T1': { type: 'softbow', words: 16 },
  'softbow T2': { type: 'softbow', words: 16, shapes: true },
  'softbow T1 and mean': { type: 'softbow', words: 16, withMean: true },
  bow: { type: 'bow' },
  vlad: { type: 'vlad' },
  fisher: { type: 'fisher', words: 8 },
};

const segmentsOf = (keys: object) => segmentsSchema.parse(keys);

/** The arms that are compared: the sections that differ. */
const arms: Readonly<Record<string, Partial<Config>>> = {
  ...Object.fromEntries(
    Object.entries(aggregators).map(([name, aggregator]) => [name, { segments: segmentsOf({ aggregator }) }]),
  ),
  lstm: { segments: segmentsOf({ classifier: 'lstm' }) },
  'lstm from scratch': { segments: segmentsOf({ classifier: 'lstm' }), pretext: null },
};

interface Figures {
  arm: string;
  run: string;
  seed: number;
  /** Of the run's head with the classifier, a fraction. */
  average_mAP: number;
  /** Of the classifier on annotated segments, a fraction; null for the head's own labels. */
  top1: number | null;
}

/** The localizer of a finished run, with the classifier of segments that `own` has trained in place of the run's. */
function localizerWith(run: Run, own: Run | null, { source }: FeatureStart): Localizer {
  const config: Config = own ? own.config : { ...run.config, segments: segmentsOf({}) };
  const { manifest, tensors } = run.store.load('head', 'best')!;
  const localizer = freshLocalizer(config, source.channels, manifest.classes!);
  importParts({ head: localizer.parts.head }, toState(tensors), 'the head');
  const { classifier } = localizer.parts;
  if (classifier && own)
    importParts({ classifier }, toState(own.store.load('segments', 'latest')!.tensors), 'the classifier');
  return localizer;
}

async function measured(run: Run, arm: string, localizer: Localizer, { source }: FeatureStart): Promise<Figures> {
  const { config, dataset } = run;
  const videos = videosWithFeatures(source, config.data.validateOn);
  const { metrics } = (await validate(run, localizer, source, videos, null))!;
  const { segments } = localizer;
  let [right, all] = [0, 0];
  for (const video of segments ? videos : []) {
    const instances = headInstances(video, config.data.fps, dataset.classes);
    const spans = instances.map(({ start, end }) => ({ start, end, score: 1 }));
    const found = ownLabels(segments!, source.get(video.id), spans, 1);
    right += found.filter(({ label }, i) => label === dataset.classes[instances[i]!.label]).length;
    all += instances.length;
  }
  const top1 = segments ? right / all : null;
  return { arm, run: path.basename(run.folder), seed: config.seed, average_mAP: metrics.average_mAP!, top1 };
}

/** A run whose segments are told as in another arm, in a folder of its own. */
function runWith(run: Run, name: string): Run {
  const folder = path.join(run.folder, 'aggregators', name.replaceAll(' ', '-'));
  const config = { ...run.config, ...arms[name] };
  return { ...run, folder, config, store: new RunStore(folder), log: new MetricsLog(path.join(folder, 'log.jsonl')) };
}

await runTool(async () => {
  const args = await yargs(process.argv.slice(2))
    .options({
      run: { type: 'string', array: true, nargs: 1, demandOption: true },
      only: { type: 'string', requiresArg: true, default: Object.keys(arms).join() },
      json: { type: 'boolean', default: false },
    })
    .strict()
    .parseAsync();
  const names = args.only.split(',');
  const unknown = names.find((name) => !Object.hasOwn(arms, name));
  if (unknown !== undefined) throw new Error(`--only: ${unknown} is not one of ${Object.keys(arms).join()}`);
  const figures: Figures[] = [];
  for (const folder of args.run)
    await withRun(folder, readRunConfig(folder), { dataset: 'kept' }, async (run) => {
      const start = startOnFeatures(run);
      const note = (found: Figures) => {
        figures.push(found);
        say(JSON.stringify(found));
      };
      {
        using localizer = localizerWith(run, null, start);
        if (localizer.head.labels) note(await measured(run, 'head', localizer, start));
      }
      for (const name of names) {
        const own = runWith(run, name);
        try {
          await segmentsStage(() => start).run(own);
          using localizer = localizerWith(run, own, start);
          note(await measured(run, name, localizer, start));
        } finally {
          own.log.close();
        }
      }
    });
  if (args.json) printJson(figures);
  else print(tableOf(figures));
});

function tableOf(figures: readonly Figures[]): string {
  const table = new Table({
    head: ['classifier of segments', 'average mAP', 'top-1'],
    style: { head: [], border: [] },
  });
  const cell = (values: readonly number[]) => {
    if (values.length === 0) return '';
    const percent = values.map((value) => 100 * value);
    return `${mean(percent).toFixed(1)}${values.length > 1 ? ` ± ${deviation(percent).toFixed(1)}` : ''}`;
  };
  for (const arm of new Set(figures.map((one) => one.arm))) {
    const own = figures.filter((one) => one.arm === arm);
    table.push([arm, cell(own.map((one) => one.average_mAP)), cell(own.flatMap(({ top1 }) => top1 ?? []))]);
  }
  return table.toString();
}
