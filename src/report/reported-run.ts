import { evaluateDetections } from '../evaluation/detections.js';
import { presets } from '../evaluation/tiou.js';
import { readRunFolder, type ReportedMetrics, type RunFolder } from './run-folder.js';

/** A run as the page shows it. */
export interface ReportedRun extends RunFolder {
  /** What `lofi evaluate --json` says of the folder's detections; of metrics.json where there are none to evaluate. */
  metrics: ReportedMetrics | undefined;
  /** Whether metrics.json says something else: the detections were made anew since. */
  stale: boolean;
}

/** Reads a run folder and judges what it detected, on the subset and at the thresholds of its metrics.json. */
export function reportRun(folder: string): ReportedRun {
  const run = readRunFolder(folder);
  const subset = run.metrics?.subset ?? validationSubset(run.config);
  const { dataset, detections } = run;
  if (!dataset || !detections || subset === undefined || !hasInstances(run, subset)) return { ...run, stale: false };
  const tiou = run.metrics?.tiou ?? presets.activitynet.tiou;
  const metrics = evaluateDetections(dataset, detections, { subset, tiou });
  const stale = run.metrics !== undefined && run.metrics.average_mAP !== metrics.average_mAP;
  return { ...run, metrics, stale };
}

function hasInstances({ dataset }: RunFolder, subset: string): boolean {
  return Object.values(dataset!.database).some((video) => video.subset === subset && video.annotations.length > 0);
}

function validationSubset({ data }: Record<string, unknown>): string | undefined {
  const subset = typeof data === 'object' && data !== null && 'validateOn' in data ? data.validateOn : undefined;
  return typeof subset === 'string' ? subset : undefined;
}
