import path from 'node:path';
import { evaluateDetections, type DetectionMetrics } from '../../evaluation/detections.js';
import { readDetections, readGroundTruth } from '../../evaluation/result-files.js';
import { presets } from '../../evaluation/tiou.js';
import { writeFileAtomic } from '../../system/files/files.js';

/** The evaluation of a run's detections. */
export interface RunMetrics {
  /** Over all ground truth, like official numbers: instances of videos that were left out count as missed. */
  all: DetectionMetrics;
  /** Over the videos that could be used; null where those are all videos. */
  available: DetectionMetrics | null;
}

/**
 * Evaluates a run folder's `detections.json` on a subset of its videos and writes `metrics.json` into the folder.
 *
 * @param preset - The benchmark whose tIoU thresholds are used.
 */
export function evaluateRun(folder: string, subset: string, preset: keyof typeof presets = 'activitynet'): RunMetrics {
  const truth = readGroundTruth(path.join(folder, 'dataset.json'));
  const detections = readDetections(path.join(folder, 'detections.json'));
  const options = { subset, tiou: presets[preset].tiou };
  const all = evaluateDetections(truth, detections, options);
  writeFileAtomic(path.join(folder, 'metrics.json'), `${JSON.stringify(all, null, 1)}\n`);
  const available =
    all.counts.videos_missing > 0 ? evaluateDetections(truth, detections, { ...options, missing: 'skip' }) : null;
  return { all, available };
}
