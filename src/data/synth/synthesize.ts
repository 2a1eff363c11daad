import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import PQueue from 'p-queue';
import { randomStream } from '../../engine/random.js';
import { UsageError } from '../../system/errors.js';
import { readJson, syncFolder, writeFileAtomic } from '../../system/files/files.js';
import { encodeVideo } from '../../video/encode.js';
import { motionNames, type MotionName } from './motions.js';
import { renderFrames } from './render.js';
import { planClip, planVideo, type Scene } from './scene.js';

/** Options of {@link synthesize}. */
export interface SynthesizeOptions {
  /** The folder that will hold the dataset. */
  out: string;
  /** Number of untrimmed videos, at least 1. Three in four are for training, the others for validation. */
  videos: number;
  /** Number of action classes, 1-8: the first of {@link motionNames}. */
  classes: number;
  /** Seed of everything random, a whole number. */
  seed: number;
  /** Number of trimmed clips of each class and of background (default 40), split like the videos. */
  clipsPerClass?: number;
  /** Factor on the length of the untrimmed videos, at least 1 (default 1); the actions stay as many and as long. */
  length?: number;
  /** Called after each file with the number of files made and their total. */
  onProgress?: (done: number, total: number) => void;
}

/** A video in `dataset.json`: ActivityNet's fields and those that `lofi prepare` adds. */
export interface SynthVideo {
  subset: Subset;
  /** Seconds. */
  duration: number;
  /** Frames per second. */
  fps: number;
  frames: number;
  width: number;
  height: number;
  /** Relative to the dataset's folder. */
  path: string;
  /**
   * `segment`: start and end in seconds, each the time of a frame: the action's first frame is `round(start * fps)`.
   */
  annotations: { segment: [number, number]; label: string }[];
}

type Subset = 'training' | 'validation';

/** Must be raised whenever the same options give other frames or labels. */
const format = 2;
/** Number of encoders at once. One thread that draws keeps two busy. */
const encoders = 2;

/**
 * Makes a dataset of mp4 files in which a shape moves over clutter and the class of an action is how it
 * moves: `dataset.json` with `videos/`, and for stage 1 `clips.csv` (`path,label,subset`) with `clips/`.
 * Equal options give equal frames and labels. The folder appears only when it is complete. If it already
 * holds this very dataset, nothing is done.
 *
 * @returns `made`: false when the dataset was there already.
 * @throws UsageError for numbers out of range, or when `out` holds something else.
 * @throws WorkError when ffmpeg is missing or fails.
 */
export async function synthesize(options: SynthesizeOptions): Promise<{ made: boolean }> {
  const { videos, classes, seed, clipsPerClass = 40, length = 1, onProgress } = options;
  const out = path.resolve(options.out);
  checkRange('videos', videos, 1);
  checkRange('classes', classes, 1, motionNames.length);
  checkRange('clips a class', clipsPerClass, 1);
  checkRange('seed', seed, 0);
  if (!(length >= 1 && length <= 60)) throw new UsageError(`length: must be a number, 1-60, not ${length}`);
  // Without the usual length, so that datasets of before there was one are recognised.
  const recipe = { videos, classes, seed, clipsPerClass, ...(length !== 1 && { length }), format };
  if (holdsSame(out, recipe)) return { made: false };

  const temporary = path.join(path.dirname(out), `.${path.basename(out)}.${randomBytes(4).toString('hex')}.tmp`);
  const discard = () => {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
  };
  tryFolder(out, () => mkdirSync(temporary, { recursive: true }));
  process.once('exit', discard);
  try {
    await make(temporary, recipe, onProgress);
    // Another process may have made the dataset meanwhile.
    if (holdsSame(out, recipe)) return { made: false };
    if (existsSync(out)) rmdirSync(out);
    renameSync(temporary, out);
    syncFolder(path.dirname(out));
  } finally {
    process.off('exit', discard);
    discard();
  }
  return { made: true };
}

interface Recipe {
  videos: number;
  classes: number;
  seed: number;
  clipsPerClass: number;
  length?: number;
  format: number;
}

interface Job {
  file: string;
  scene: () => Scene;
  finish?: (scene: Scene) => void;
}

async function make(root: string, recipe: Recipe, onProgress: SynthesizeOptions['onProgress']): Promise<void> {
  const labels = motionNames.slice(0, recipe.classes);
  const database: Record<string, SynthVideo> = {};
  const clips = planClips(labels, recipe);
  const jobs: Job[] = [...videoJobs(labels, recipe, database), ...clips];
  for (const folder of new Set(jobs.map(({ file }) => path.dirname(file))))
    mkdirSync(path.join(root, folder), { recursive: true });

  const queue = new PQueue({ concurrency: encoders });
  let done = 0;
  await queue
    .addAll(
      jobs.map(({ file, scene: plan, finish }) => async () => {
        const scene = plan();
        await encodeVideo(path.join(root, file), { ...scene, frames: renderFrames(scene) });
        finish?.(scene);
        onProgress?.(++done, jobs.length);
      }),
    )
    .catch(async (error: unknown) => {
      queue.clear();
      await queue.onIdle();
      throw error;
    });

  const rows = clips.map(({ file, label, subset }) => [file, label, subset].join(','));
  writeFileAtomic(path.join(root, 'clips.csv'), ['path,label,subset', ...rows, ''].join('\n'));
  const sorted = Object.fromEntries(Object.entries(database).sort(([a], [b]) => (a < b ? -1 : 1)));
  const dataset = { version: 'lofi-synth-1', synthetic: recipe, database: sorted };
  writeFileAtomic(path.join(root, 'dataset.json'), `${JSON.stringify(dataset, null, 1)}\n`);
}

function videoJobs(labels: readonly MotionName[], recipe: Recipe, database: Record<string, SynthVideo>): Job[] {
  return Array.from({ length: recipe.videos }, (_, i) => {
    const id = `synth_${String(i).padStart(4, '0')}`;
    const file = `videos/${id}.mp4`;
    return {
      file,
      scene: () => planVideo(labels[i % labels.length]!, labels, randomStream(recipe.seed, 'video', i), recipe.length),
      finish: (scene) => (database[id] = describe(scene, file, subsetOf(i, recipe.videos))),
    };
  });
}

function planClips(labels: readonly MotionName[], recipe: Recipe) {
  return [...labels, 'background' as const].flatMap((label) =>
    Array.from({ length: recipe.clipsPerClass }, (_, i) => ({
      file: `clips/${label}/${label}_${String(i).padStart(4, '0')}.mp4`,
      label,
      subset: subsetOf(i, recipe.clipsPerClass),
      scene: () => planClip(label, randomStream(recipe.seed, 'clip', label, i)),
    })),
  );
}

function describe({ width, height, fps: [rate, scale], poses, instances }: Scene, file: string, subset: Subset) {
  const seconds = (frames: number) => Number(((frames * scale) / rate).toFixed(6));
  return {
    subset,
    duration: seconds(poses.length),
    fps: rate / scale,
    frames: poses.length,
    width,
    height,
    path: file,
    annotations: instances.map(({ start, end, label }) => ({
      segment: [seconds(start), seconds(end)] as [number, number],
      label,
    })),
  };
}

/** Three in four are for training, the first ones; where there are two or more, at least one is for validation. */
function subsetOf(index: number, count: number): Subset {
  return index < Math.max(1, Math.floor((count * 3) / 4)) ? 'training' : 'validation';
}

/**
 * Whether `out` already holds this dataset.
 *
 * @throws UsageError when it holds anything else.
 */
function holdsSame(out: string, recipe: Recipe): boolean {
  if (!existsSync(out)) return false;
  const entries = tryFolder(out, () => readdirSync(out));
  if (entries.length === 0) return false;
  if (entries.includes('dataset.json')) {
    const found = readJson(path.join(out, 'dataset.json'), 'dataset') as { synthetic?: unknown } | null;
    if (isDeepStrictEqual(found?.synthetic, recipe)) return true;
  }
  throw new UsageError(`${out} is not empty and holds something else: give another --out, or remove it first`);
}

/**
 * Uses a folder that the user named.
 *
 * @throws UsageError when that fails.
 */
function tryFolder<T>(out: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UsageError(`cannot write the dataset to ${out} (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}

function checkRange(what: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least}-${most}`;
    throw new UsageError(`${what}: must be a whole number, ${range}, not ${value}`);
  }
}
