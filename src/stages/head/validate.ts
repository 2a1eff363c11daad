import type { Video } from '../../data/dataset.js';
import type { VideoScores } from '../../data/scores/scores.js';
import { secondsOf } from '../../data/views/fractions.js';
import { evaluateDetections } from '../../evaluation/detections.js';
import { presets } from '../../evaluation/tiou.js';
import type { GroundTruth, Predictions } from '../../evaluation/types.js';
import { breathe } from '../../system/signals.js';
import type { FeatureSource } from '../features/feature-source.js';
import { localize, type Localizer } from '../localize/localizer.js';
import type { Run } from '../run/run.js';
import type { Measured } from '../training/training-plan.js';

/** Computes the average mAP on the videos; null where there are none. */
export async function validate(
  run: Run,
  localizer: Localizer,
  source: FeatureSource,
  videos: readonly Video[],
  scores: VideoScores | null,
): Promise<Measured | null> {
  if (videos.length === 0) return null;
  const { validateOn: subset } = run.config.data;
  const results: Predictions['results'] = {};
  const { data, detect } = run.config;
  for (const video of videos) {
    const seconds = (fraction: number) => secondsOf(video, data.fps, fraction);
    results[video.id] = localize(localizer, source.get(video.id), seconds, detect, scores?.get(video.id));
    await breathe(run.stop);
  }
  const { tiou } = presets[run.config.evaluation.preset];
  const metrics = evaluateDetections(groundTruth(run), { results }, { subset, tiou, missing: 'skip' });
  return { judge: 'average_mAP', metrics: { average_mAP: metrics.average_mAP } };
}

/** The annotations of the run's dataset in the evaluator's form. */
function groundTruth({ dataset }: Run): GroundTruth {
  const database = dataset.videos.map(
    ({ id, subset, duration, instances, unlabelled }): [string, GroundTruth['database'][string]] => [
      id,
      {
        subset,
        duration,
        annotations: instances.map(({ start, end, label }) => ({ segment: [start, end], label })),
        ...(unlabelled && { unlabelled }),
      },
    ],
  );
  return { database: Object.fromEntries(database) };
}
