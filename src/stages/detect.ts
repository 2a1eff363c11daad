import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Features } from '../checkpoints/features.js';
import { importState } from '../models/state.js';
import { WorkError, UsageError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files.js';
import { startProgress } from '../system/progress.js';
import { probe } from '../video/probe.js';
import type { Video } from '../data/dataset.js';
import type { Detection } from '../evaluation/types.js';
import { trainedEncoder } from './encoder.js';
import { externalScores } from './external-scores.js';
import { openFeatures, type FeatureSource } from './features.js';
import { fullFidelityFeatures, type FeaturesFound } from './full-fidelity.js';
import { disposeLocalizer, freshLocalizer, localize, type Localizer } from './localizer.js';
import { requireSome, type Run } from './run.js';
import { toState } from './tensors.js';

/** Detections by video id, and the videos that could not be read. */
export interface DetectResult {
  results: Record<string, Detection[]>;
  failures: { id: string; reason: string }[];
}

/**
 * Finds actions in videos with a run's trained head. Features that are there are used; others are computed by the run's encoder.
 */
export async function detect(run: Run, videos: readonly Video[], source = openFeatures(run)): Promise<DetectResult> {
  const localizer = trainedLocalizer(run, source);
  const known = (video: Video) => run.dataset.videos.includes(video) && source.has(video.id);
  const scores = externalScores(run, videos);
  const progress = startProgress('detect', videos.length);
  const found = new Map<string, Detection[]>();
  const failures: DetectResult['failures'] = [];
  const find = ({ id, duration }: Video, features: Features) => {
    found.set(id, localize(localizer, features, duration, run.config.detect, scores?.get(id)));
  };
  const step = ({ id }: Video) => {
    progress.step(found.size + failures.length, id);
  };
  try {
    for (const video of videos.filter(known)) {
      find(video, source.get(video.id));
      step(video);
    }
    const unknown = videos.filter((video) => !known(video));
    for await (const { video, features, error } of computedFeatures(run, unknown)) {
      if (error) failures.push({ id: video.id, reason: error.message });
      else find(video, features);
      step(video);
    }
  } finally {
    progress.stop();
    disposeLocalizer(localizer);
  }
  const inOrder = videos.flatMap(({ id }) => (found.has(id) ? [[id, found.get(id)!] as const] : []));
  return { results: Object.fromEntries(inOrder), failures };
}

/** Features that are not there yet, by the trained encoder. */
async function* computedFeatures(run: Run, videos: readonly Video[]): AsyncGenerator<FeaturesFound> {
  if (videos.length === 0) return;
  const encoder = trainedEncoder(run);
  try {
    yield* fullFidelityFeatures(run, encoder, videos);
  } finally {
    encoder.parameters.dispose();
  }
}

/** The localizer that `head` left: the best by validation, or the last where nothing was validated. */
function trainedLocalizer(run: Run, { channels, reference }: FeatureSource): Localizer {
  const loaded = run.store.load('head', 'best');
  if (!loaded || loaded.manifest.parent?.sha256 !== reference.sha256 || !run.store.manifest('head')?.finished) {
    throw new UsageError(`head is not finished in ${run.folder}: run \`lofi head\` first`);
  }
  const localizer = freshLocalizer(run.config, channels, run.dataset.classes);
  const state = toState(loaded.tensors);
  importState(localizer.headParameters, state, 'the head of the run', 'head.');
  importState(localizer.classifierParameters, state, 'the classifier of the run', 'classifier.');
  return localizer;
}

/** Detects in a split of the run's dataset and writes `OUT/detections.json`. */
export async function detectSubset(run: Run, subset: string, out: string): Promise<DetectResult['failures']> {
  const source = openFeatures(run);
  const { results, failures } = await detect(run, requireSome(source.videos(subset), subset), source);
  writeDetections(out, results);
  return failures;
}

/** Detects in video files, keyed by the stem of their names, and writes `OUT/detections.json`. One that cannot be read is left out. */
export async function detectFiles(run: Run, files: readonly string[], out: string): Promise<DetectResult['failures']> {
  if (run.config.data.features !== null)
    throw new UsageError(
      `${run.folder} was trained on published features, it has no encoder for videos: give --subset`,
    );
  const videos: Video[] = [];
  const failures: DetectResult['failures'] = [];
  for (const file of files) {
    const id = path.parse(file).name;
    if (!existsSync(file)) throw new UsageError(`video not found: ${file}`);
    if (videos.some((video) => video.id === id)) throw new UsageError(`two videos are called ${id}: rename one`);
    try {
      videos.push({ id, subset: 'detect', path: path.resolve(file), instances: [], ...(await probe(file)) });
    } catch (error) {
      if (!(error instanceof WorkError)) throw error;
      failures.push({ id, reason: error.message });
    }
  }
  const found = await detect(run, videos);
  writeDetections(out, found.results);
  return [...failures, ...found.failures];
}

function writeDetections(out: string, results: DetectResult['results']): void {
  writeFileAtomic(
    path.join(out, 'detections.json'),
    `${JSON.stringify({ version: 'lofi-tal 1', results }, null, 1)}\n`,
  );
}
