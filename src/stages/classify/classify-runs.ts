import path from 'node:path';
import { RunStore } from '../../checkpoints/run-store.js';
import type { Config } from '../../config/schema.js';
import { clipName, type MeasuredClip } from '../../data/measured-clips.js';
import { cropCount, type Crops, type Views } from '../../data/views/clip-views.js';
import { randomStream } from '../../engine/random.js';
import {
  classifierScores,
  meanScores,
  type ClassifiedVideo,
  type ClassifierScores,
} from '../../evaluation/classification/hits.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { startProgress } from '../../system/progress.js';
import { say } from '../../system/say.js';
import { breathe } from '../../system/signals.js';
import { validationBatches } from '../pretrain/clip-batches.js';
import { clipsOfSubset, validationSubset } from '../pretrain/stage1-clips.js';
import { clipsInput } from '../run/inputs.js';
import { readRunConfig, withRun, type Run } from '../run/run.js';
import { clipClasses, openClipNetwork } from './clip-network.js';
import { videosOfClips, type VideoOfClips } from './videos-of-clips.js';

/** What is classified, and how often it is looked at. */
export interface ClassifyOptions {
  /** Absent: what stage 1 is validated on. */
  subset?: string | undefined;
  /** Clips of each video, at random places; a single one is in the middle. */
  clips: number;
  /** Crops of each clip. */
  views: Crops;
  /** Takes the place of `data.root`. */
  root?: string | undefined;
}

/** How good stage 1 of a run is, and on how much that was measured. */
export interface Classification extends ClassifierScores {
  subset: string;
  classes: readonly string[];
  videos: number;
  /** Samples of all videos together, and crops of each. */
  clips: number;
  views: number;
}

/** The outcome of {@link classifyRuns}. */
export interface ClassifiedRuns {
  /** Each run alone, in the order in which they were given. */
  runs: (Classification & { run: string })[];
  /** The mean softmax of all runs; of a single run its own. */
  average: Classification;
}

/** A run whose stage 1 is evaluated. */
interface Subject {
  folder: string;
  config: Config;
  classes: readonly string[];
}

/** The mean softmax of each sample of each clip; without one where the sample could not be read. */
type SampleScores = ReadonlyMap<MeasuredClip, readonly (Float32Array | undefined)[]>;

/**
 * Evaluates stage 1 of one or more runs as Karpathy et al. (CVPR 2014; docs/method.md §15.4): each video by clips at
 * random places, each clip in several views. The softmax is averaged over views, then over clips. Writes the result of
 * each run to its `classification.json`. With several runs their softmax is averaged too.
 *
 * What cannot be evaluated is refused before anything is computed.
 *
 * @throws UsageError where a run has no classifier of clips, there are no such clips, or runs do not know the same
 *   classes and clips; WorkError where a clip cannot be read, unless `data.missing` is `skip`.
 */
export async function classifyRuns(folders: readonly string[], options: ClassifyOptions): Promise<ClassifiedRuns> {
  const subjects = folders.map((folder) => subjectOf(folder, options));
  const [first, ...others] = subjects as [Subject, ...Subject[]];
  refuseTwice(folders);
  for (const other of others) refuseOtherClasses(first, other);
  const subset = options.subset ?? validationSubset(first.config);
  const clipsOf = ({ folder, config, classes }: Subject) =>
    withRun(folder, config, opening(options), (run) => clipsOfSubset(run, subset, classes));
  const clips = await clipsOf(first);
  const videos = videosOfClips(clips, first.classes, options.clips);
  for (const other of others) refuseOtherClips(first, clips, other, await clipsOf(other));

  const about = { subset, classes: first.classes, views: cropCount(options.views, first.config.data.flip) };
  const runs: ClassifiedRuns['runs'] = [];
  const all: SampleScores[] = [];
  for (const { folder, config } of subjects) {
    const scores = await withRun(folder, config, opening(options), async (run) => {
      // The same places in all runs, or else there would be nothing to average.
      const checkpoint = run.store.finished('pretrain')!.sha256;
      const scores = await sampleScores(run, videos, options, first.config.seed);
      const result = { ...about, ...measured([scores], videos, first.classes.length) };
      writeFileAtomic(path.join(folder, 'classification.json'), `${JSON.stringify({ checkpoint, ...result })}\n`);
      runs.push({ run: folder, ...result });
      return scores;
    });
    all.push(scores);
  }
  return { runs, average: { ...about, ...measured(all, videos, first.classes.length) } };
}

const opening = ({ root }: ClassifyOptions) => ({ dataset: root === undefined ? 'kept' : 'fresh' }) as const;

function subjectOf(folder: string, { root, views }: ClassifyOptions): Subject {
  const config = readRunConfig(folder);
  if (root !== undefined) config.data.root = root;
  if (views === 3 && config.data.resize === 'squash')
    throw new UsageError(
      `${folder} sees squashed frames, which leave one crop of the whole short side: --views 1, 4 or 10`,
    );
  return { folder, config, classes: clipClasses({ folder, config, store: new RunStore(folder) }) };
}

function refuseTwice(folders: readonly string[]): void {
  const paths = folders.map((folder) => path.resolve(folder));
  const twice = folders.find((_, i) => paths.indexOf(paths[i]!) < i);
  if (twice !== undefined) throw new UsageError(`${twice} is given twice: the average of a run with itself is the run`);
}

function refuseOtherClasses(one: Subject, other: Subject): void {
  if (JSON.stringify(one.classes) === JSON.stringify(other.classes)) return;
  const names = ({ classes }: Subject) => `${classes.slice(0, 8).join(', ')}${classes.length > 8 ? ', …' : ''}`;
  throw new UsageError(
    `${one.folder} and ${other.folder} know other classes: ${names(one)}, and ${names(other)}: evaluate them one by one`,
  );
}

function refuseOtherClips(one: Subject, clips: MeasuredClip[], other: Subject, others: MeasuredClip[]): void {
  const [mine, theirs] = [clipsInput(clips), clipsInput(others)];
  if (mine.sha256 === theirs.sha256) return;
  throw new UsageError(
    `${one.folder} and ${other.folder} have other clips: ${mine.says}, and ${theirs.says}: evaluate them one by one`,
  );
}

async function sampleScores(
  run: Run,
  videos: readonly VideoOfClips[],
  { views: crops }: ClassifyOptions,
  seed: number,
): Promise<SampleScores> {
  using network = openClipNetwork(run);
  const { config, frames, folder, stop } = run;
  const stretches = videos.flatMap((video) => video.stretches);
  const samplesOf = new Map(stretches.map(({ clip, samples }) => [clip, samples]));
  const viewsOf = (clip: MeasuredClip): Views => ({
    clips: samplesOf.get(clip)!,
    crops,
    random: (i) => randomStream(seed, 'classify', clipName(clip), i),
  });
  const perSample = cropCount(crops, config.data.flip);
  const found = new Map(stretches.map(({ clip, samples }) => [clip, Array.from({ length: samples }, unseen)]));
  const leftOut = new Set<string>();
  const total = stretches.reduce((sum, { samples }) => sum + samples * perSample, 0);
  const progress = startProgress(`classify ${path.basename(path.resolve(folder))}`, total);
  let done = 0;
  try {
    for await (const batch of validationBatches(config, frames.load, [...samplesOf.keys()], viewsOf)) {
      const softmaxes = batch.clips.length === 0 ? [] : network.softmaxes(batch);
      batch.clips.forEach((clip, i) => {
        found.get(clip)![Math.floor(batch.views[i]! / perSample)]!.push(softmaxes[i]!);
      });
      for (const reason of batch.skipped) {
        if (!leftOut.has(reason)) say(`warning: left out: ${reason}`);
        leftOut.add(reason);
      }
      progress.step((done += batch.clips.length + batch.skipped.length));
      await breathe(stop);
    }
  } finally {
    progress.stop();
  }
  return new Map([...found].map(([clip, samples]) => [clip, samples.map(meanOfViews)]));
}

const unseen = (): Float64Array[] => [];

/** Kept in half the memory: a large benchmark has hundreds of thousands of clips. */
function meanOfViews(views: readonly Float64Array[]): Float32Array | undefined {
  return views.length === 0 ? undefined : Float32Array.from(meanScores(views));
}

/** The scores of one run, or of the mean of several. What one of them could not read counts for none. */
function measured(
  all: readonly SampleScores[],
  videos: readonly VideoOfClips[],
  classes: number,
): Pick<Classification, 'videos' | 'clips' | keyof ClassifierScores> {
  const classified = videos.flatMap(({ labels, stretches }): ClassifiedVideo[] => {
    const clips = stretches.flatMap(({ clip, labels: own, samples }) =>
      Array.from({ length: samples }, (_, i) => all.flatMap((scores) => scores.get(clip)![i] ?? []))
        .filter((each) => each.length === all.length)
        .map((each) => ({ labels: own, scores: meanScores(each) })),
    );
    return clips.length === 0 ? [] : [{ labels, clips }];
  });
  if (classified.length === 0) throw new WorkError('no clip could be read: there is nothing to evaluate');
  const clips = classified.reduce((sum, video) => sum + video.clips.length, 0);
  return { videos: classified.length, clips, ...classifierScores(classified, classes) };
}
