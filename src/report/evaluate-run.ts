import path from 'node:path';
import { evaluateDetections, type DetectionMetrics } from '../evaluation/detections.js';
import { readGroundTruth, readPredictions } from '../evaluation/files.js';
import { presets } from '../evaluation/tiou.js';
import { writeFileAtomic } from '../system/files.js';

/** Evaluates a run folder's `detections.json` on its validation videos and writes `metrics.json` beside it. */
export function evaluateRun(folder: string): DetectionMetrics {
  const truth = readGroundTruth(path.join(folder, 'dataset.json'));
  const predictions = readPredictions(path.join(folder, 'detections.json'));
  const metrics = evaluateDetections(truth, predictions, { subset: 'validation', tiou: presets.activitynet.tiou });
  writeFileAtomic(path.join(folder, 'metrics.json'), `${JSON.stringify(metrics, null, 1)}\n`);
  return metrics;
}
