import type { Features } from '../../checkpoints/feature-store.js';
import type { Video } from '../../data/dataset.js';
import { secondsOf } from '../../data/views/fractions.js';
import type { Detection } from '../../evaluation/types.js';
import { writeDetections, type Output } from '../../report/detections/write-detections.js';
import type { DetectedVideo, Failure } from '../../evaluation/detected-video.js';
import { startProgress } from '../../system/progress.js';
import { breathe } from '../../system/signals.js';
import { openEncoder, trainedEncoder } from '../encoder/run-encoder.js';
import { externalScores } from '../localize/external-scores.js';
import { openFeatures } from '../features/open-features.js';
import { fullFidelityFeatures, type FeaturesFound } from '../encoder/full-fidelity.js';
import { localize } from '../localize/localizer.js';
import type { Run } from '../run/run.js';
import { requireSome } from '../run/usable-videos.js';
import { detectedVideo } from './detected.js';
import { trainedLocalizer } from './trained-model.js';

/**
 * Finds actions in videos of a run's dataset with its trained head, as the benchmarks do. Uses the features that the
 * run has; the run's encoder computes missing ones.
 *
 * @returns One entry for each video, in order.
 */
export async function detect(
  run: Run,
  videos: readonly Video[],
  source = openFeatures(run),
): Promise<(DetectedVideo | Failure)[]> {
  using localizer = trainedLocalizer(run, source);
  const known = (video: Video) => run.dataset.videos.includes(video) && source.has(video.id);
  const scores = externalScores(run, videos);
  const progress = startProgress('detect', videos.length);
  const found = new Map<string, Detection[] | string>();
  const { data, detect: options } = run.config;
  const find = (video: Video, features: Features) =>
    localize(localizer, features, (x) => secondsOf(video, data.fps, x), options, scores?.get(video.id));
  const add = ({ id }: Video, what: Detection[] | string) => {
    found.set(id, what);
    progress.step(found.size, id);
  };
  try {
    for (const video of videos.filter(known)) {
      add(video, find(video, source.get(video.id)));
      await breathe(run.stop);
    }
    const unknown = videos.filter((video) => !known(video));
    for await (const { video, features, error } of computedFeatures(run, unknown))
      add(video, error ? error.message : find(video, features));
  } finally {
    progress.stop();
  }
  return videos.map((video) => {
    const what = found.get(video.id)!;
    return typeof what === 'string' ? { id: video.id, reason: what } : detectedVideo(video, what);
  });
}

/** Computes features of videos with the trained encoder. */
async function* computedFeatures(run: Run, videos: readonly Video[]): AsyncGenerator<FeaturesFound> {
  if (videos.length === 0) return;
  using encoder = openEncoder(run, trainedEncoder(run));
  yield* fullFidelityFeatures(run, encoder, videos);
}

/**
 * Finds actions in a subset of the run's dataset and writes the detections.
 *
 * @param out - Folder of the files to write.
 * @returns The videos that could not be read.
 */
export async function detectSubset(
  run: Run,
  subset: string,
  out: string,
  output: Omit<Output, 'folder'> = { formats: [], minScore: null },
): Promise<Failure[]> {
  const source = openFeatures(run);
  const found = await detect(run, requireSome(source.videos(subset), subset, run.dataset), source);
  return writeDetections({ folder: out, ...output }, found);
}
