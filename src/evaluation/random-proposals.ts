import { randomStream } from '../engine/random.js';
import { UsageError } from '../system/errors.js';
import type { Detection, GroundTruth, Predictions } from './types.js';

/**
 * Random detections, the floor that a model must beat. Each has the label and length of a random training instance, a
 * random place in the video and a random score. The detections of a video depend only on `seed` and its id.
 *
 * @param options - `perVideo`: number of detections per video (default 100).
 * @throws UsageError when the training subset has no instance, or a video of the test subset has no duration.
 */
export function randomProposals(
  truth: GroundTruth,
  options: { seed: number; perVideo?: number; trainSubset: string; testSubset: string },
): Predictions {
  const videos = Object.entries(truth.database);
  const instances = videos.filter(([, v]) => v.subset === options.trainSubset).flatMap(([, v]) => v.annotations);
  if (instances.length === 0)
    throw new UsageError(`no instances in subset "${options.trainSubset}" to draw lengths from`);

  const results: Record<string, Detection[]> = {};
  for (const [id, video] of videos) {
    if (video.subset !== options.testSubset) continue;
    const duration = video.duration;
    if (duration === undefined) throw new UsageError(`video "${id}" has no duration in the ground truth`);
    const random = randomStream(options.seed, 'random-proposals', id);
    results[id] = Array.from({ length: options.perVideo ?? 100 }, () => {
      const { segment, label } = random.pick(instances);
      const length = Math.min(segment[1] - segment[0], duration);
      const start = random.between(0, duration - length);
      return { segment: [start, start + length], score: random.uniform(), label };
    });
  }
  return { version: 'random', results, external_data: {} };
}
