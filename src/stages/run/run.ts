import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { acquireRunLock } from '../../checkpoints/run-lock.js';
import { MetricsLog } from '../../checkpoints/metrics.js';
import { RunStore } from '../../checkpoints/run-store.js';
import { configHash, differences, stageConfig, type Stage } from '../../config/hash.js';
import { loadConfig } from '../../config/load.js';
import type { Config } from '../../config/schema.js';
import { loadClips } from '../../data/clips.js';
import { mapClipLabels, mapLabels, unseenLabels } from '../../data/annotations/label-map.js';
import { loadDataset, saveDataset, videosOf, type Dataset, type Video } from '../../data/dataset.js';
import { startFrameLoader, type FrameLoader } from '../../data/frames/loader.js';
import { instancesAsClips, measureClips, type MeasuredClip } from '../../data/measured-clips.js';
import { prepareDataset } from '../../data/prepare.js';
import { synthesize } from '../../data/synth/synthesize.js';
import { startEngine, type EngineInfo } from '../../engine/backend.js';
import { cacheFolder } from '../../system/install/cache.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { writeFileAtomic } from '../../system/files.js';
import { withProgress } from '../../system/progress.js';
import { unlessStopped } from '../../system/signals.js';
import { Heartbeat } from './heartbeat.js';

/** What a stage does about what an earlier call left. */
export interface ResumePolicy {
  /** `auto`: go on from the newest checkpoint; `never`: start the stage again; a number: go on from that step. */
  resume: 'auto' | 'never' | number;
  /** Start the stage again where the configuration has changed, instead of refusing. */
  allowConfigChange: boolean;
}

/** An open run folder: one process has it at a time. */
export interface Run {
  folder: string;
  config: Config;
  policy: ResumePolicy;
  store: RunStore;
  log: MetricsLog;
  engine: EngineInfo;
  dataset: Dataset;
  /** Where all frames come from, until `stop`. */
  frames: FrameLoader;
  /** Aborted, with what is to be thrown, when the work is to save and stop. */
  stop: AbortSignal;
  heartbeat: Heartbeat;
  close(): void;
}

/** The policy of a call that says nothing of it. */
export const goOn: ResumePolicy = { resume: 'auto', allowConfigChange: false };

/** `fresh`: read the dataset's source again; `kept`: take the run's own copy, so that a trained run needs its sources no more. */
export type DatasetUse = 'fresh' | 'kept';

/**
 * Opens (or begins) a run folder: starts the engine, makes the dataset file, writes the configuration.
 * Throws {@link UsageError} when data are missing, {@link WorkError} when another process has the folder.
 */
export async function openRun(
  folder: string,
  config: Config,
  policy: ResumePolicy = goOn,
  use: DatasetUse = 'fresh',
  stop: AbortSignal = new AbortController().signal,
): Promise<Run> {
  checkSources(config);
  const lock = acquireRunLock(folder);
  try {
    const engine = await startEngine();
    const dataset = await openDataset(folder, config, use);
    const store = new RunStore(folder);
    // Where a stage is about to refuse, the run keeps the configuration that it was made with.
    if (fits(store, config, policy)) writeFileAtomic(path.join(folder, 'config.yaml'), stringify(config));
    const log = new MetricsLog(path.join(folder, 'metrics.jsonl'));
    const frames = stoppable(startFrameLoader(frameOptions(config)), stop);
    const heartbeat = new Heartbeat(folder);
    const close = () => {
      frames.close();
      log.close();
      lock.release();
    };
    return { folder, config, policy, store, log, engine, dataset, frames, stop, heartbeat, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Does `work` with an open run and closes it whatever happens. */
export async function withRun<T>(
  folder: string,
  config: Config,
  policy: ResumePolicy,
  work: (run: Run) => Promise<T>,
  use: DatasetUse = 'fresh',
): Promise<T> {
  const run = await openRun(folder, config, policy, use);
  try {
    return await work(run);
  } finally {
    run.close();
  }
}

/** The configuration that a run folder was made with. Throws {@link UsageError} when it is no run folder. */
export function readRunConfig(folder: string): Config {
  const file = path.join(folder, 'config.yaml');
  if (!existsSync(file)) throw new UsageError(`no run in ${folder}: config.yaml is missing`);
  return loadConfig(file).config;
}

/** A path of the `data` section, from `data.root`. */
export function dataPath(config: Pick<Config, 'data'>, file: string): string {
  return path.resolve(config.data.root, file);
}

/** The usable videos of a subset; with `data.missing: fail`, all must be. Throws {@link UsageError} where there is none. */
export function usableVideos(run: Run, subset: string): Video[] {
  return requireSome(readableVideos(run, subset), subset);
}

/** The videos of a subset, if there are any. Throws {@link UsageError} where there is none. */
export function requireSome(videos: Video[], subset: string): Video[] {
  if (videos.length === 0) throw new UsageError(`the dataset has no usable video in subset "${subset}"`);
  return videos;
}

/** As {@link usableVideos}, but there may be none. */
export function readableVideos(run: Run, subset: string): Video[] {
  const all = videosOf(run.dataset, subset);
  const broken = all.filter((video) => video.problem !== undefined);
  if (broken.length > 0 && run.config.data.missing === 'fail') {
    const [first] = broken as [Video];
    throw new WorkError(
      `${broken.length} of ${all.length} ${subset} videos cannot be used, the first: ${first.path}: ${first.problem!}. ` +
        'Mend them, or set data.missing=skip.',
    );
  }
  return all.filter((video) => video.problem === undefined);
}

/**
 * The clips of stage 1: those that the configuration names, else the instances of the dataset's own videos. Throws
 * {@link WorkError} when some cannot be used, unless `data.missing` leaves them out.
 */
export async function stage1Clips(run: Run): Promise<MeasuredClip[]> {
  const { synthetic, clips: list, missing, labels } = run.config.data;
  if (!synthetic && list === null) {
    const { trainOn, validateOn } = run.config.data;
    return [
      ...instancesAsClips(usableVideos(run, trainOn), 'training'),
      ...instancesAsClips(readableVideos(run, validateOn), 'validation'),
    ];
  }
  const file = synthetic ? path.join(run.folder, 'data', 'clips.csv') : dataPath(run.config, list!);
  const listed = mapClipLabels(loadClips(file), labels);
  const measuring = withProgress('measuring clips', (onProgress) =>
    measureClips(listed, path.join(run.folder, 'clips.json'), onProgress),
  );
  const { clips, unusable } = await unlessStopped(run.stop, measuring);
  if (unusable.length > 0 && missing === 'fail') {
    const [first] = unusable as [(typeof unusable)[0]];
    throw new WorkError(
      `${unusable.length} of ${listed.length} clips cannot be used, the first: ${first.reason}. Mend them, or set data.missing=skip.`,
    );
  }
  for (const { reason } of unusable)
    process.stderr.write(`warning: left out: ${reason}
`);
  return clips;
}

/** Throws {@link UsageError} when a stage was begun under another configuration and that was not allowed to change. */
export function refuseConfigChange(run: Run, stage: Stage, before: { config: unknown; hash: string }): void {
  if (before.hash === configHash(run.config, stage) || run.policy.allowConfigChange) return;
  const changed = differences(before.config, stageConfig(run.config, stage));
  throw new UsageError(
    `${stage} in ${run.folder} was made with another configuration (${changed.join('; ')}).\n` +
      'Give another --run, or --allow-config-change to do the stage again.',
  );
}

/** Whether no stage of the run was made with another configuration, or that does not matter. */
function fits(store: RunStore, config: Config, { resume, allowConfigChange }: ResumePolicy): boolean {
  if (resume === 'never' || allowConfigChange) return true;
  const made = (['pretrain', 'joint', 'head'] as const).map((stage) => [stage, store.manifest(stage)] as const);
  return made.every(([stage, manifest]) => manifest === null || manifest.configHash === configHash(config, stage));
}

/** A loader that gives nothing more once `stop` is aborted. */
function stoppable({ load, close }: FrameLoader, stop: AbortSignal): FrameLoader {
  return { load: (request) => unlessStopped(stop, stop.aborted ? new Promise(() => undefined) : load(request)), close };
}

function frameOptions({ data }: Config) {
  const folder = data.cache === null ? path.join(cacheFolder(), 'frames') : dataPath({ data }, data.cache);
  return {
    processes: data.processes ?? availableParallelism(),
    seconds: data.stallSeconds,
    memory: data.memoryGiB * 2 ** 30,
    disk: data.cacheGiB > 0 ? { folder, limit: data.cacheGiB * 2 ** 30 } : null,
  };
}

function checkSources({ data }: Config): void {
  const given = [data.dataset, data.annotations, data.synthetic].filter((source) => source !== null);
  if (given.length !== 1) throw new UsageError('data: give one of data.dataset, data.annotations or data.synthetic');
  if (data.annotations !== null && data.videos === null && data.features === null)
    throw new UsageError('data.annotations needs data.videos, their folder (or data.features, published ones)');
}

/** The run's own dataset file under the labels of its configuration. */
async function openDataset(folder: string, config: Config, use: DatasetUse): Promise<Dataset> {
  const file = path.join(folder, 'dataset.json');
  if (use === 'fresh' || !existsSync(file)) {
    const { dataset, warnings } = mapLabels(await sourceDataset(folder, config), config.data.labels);
    const unseen = config.data.trainOn === 'training' ? [] : unseenLabels(dataset, config.data.trainOn);
    for (const warning of [...warnings, ...unseen]) process.stderr.write(`warning: ${warning}\n`);
    saveDataset(file, dataset);
  }
  return loadDataset(file);
}

/** The dataset as its source has it. What has to be made or measured for that is kept in the run folder. */
async function sourceDataset(folder: string, config: Config): Promise<Dataset> {
  const { dataset, annotations, videos, format, synthetic } = config.data;
  if (synthetic) {
    const out = path.join(folder, 'data');
    await withProgress('synthetic videos', (onProgress) => synthesize({ out, ...synthetic, onProgress }));
    return loadDataset(path.join(out, 'dataset.json'));
  }
  if (dataset !== null) return loadDataset(dataPath(config, dataset));
  const file = path.join(folder, 'prepared.json');
  const source = {
    format,
    annotations: dataPath(config, annotations!),
    videos: videos === null ? null : dataPath(config, videos),
  };
  if (!isPrepared(file, source)) {
    const prepared = await withProgress('preparing videos', (onProgress) => prepareDataset(source, onProgress));
    for (const warning of prepared.warnings) process.stderr.write(`warning: ${warning}\n`);
    saveDataset(file, prepared.dataset);
  }
  return loadDataset(file);
}

/** Whether a dataset prepared earlier still speaks of these annotations and of files in this folder (`data.root` may have moved). */
function isPrepared(file: string, { annotations, videos }: { annotations: string; videos: string | null }): boolean {
  // Without videos there is nothing to measure.
  if (videos === null) return false;
  const [made, changed] = [file, annotations].map((name) => statSync(name, { throwIfNoEntry: false })?.mtimeMs);
  if (made === undefined || (changed !== undefined && changed > made)) return false;
  return loadDataset(file).videos.every((video) => video.path.startsWith(path.resolve(videos) + path.sep));
}
