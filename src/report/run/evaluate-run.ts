import path from 'node:path';
import { evaluateDetections, type DetectionMetrics } from '../../evaluation/detections.js';
import { readDetections, readGroundTruth } from '../../evaluation/result-files.js';
import { presets } from '../../evaluation/tiou.js';
import { writeFileAtomic } from '../../system/files.js';

/** How good a run's detections are. */
export interface RunMetrics {
  /** Over all ground truth, as official numbers are: an instance of a video that was left out is missed. */
  all: DetectionMetrics;
  /** Over the videos that could be used; null where those are all. */
  available: DetectionMetrics | null;
}

/**
 * Evaluates a run folder's `detections.json` on a subset of its videos and writes `metrics.json` beside it.
 * @param preset - Whose tIoU thresholds.
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
