import { analysisPresets } from '../../evaluation/analysis/bins.js';
import { analyse } from '../../evaluation/analysis/analyse.js';
import { precisionRecall, type PrecisionRecall } from '../../evaluation/analysis/precision-recall.js';
import type { Analysis } from '../../evaluation/analysis/analysis-types.js';
import { evaluateDetections } from '../../evaluation/detections.js';
import { presets } from '../../evaluation/tiou.js';
import { readRunFolder, type ReportedMetrics, type RunFolder } from './run-folder.js';
import { round } from '../tables/metrics-table.js';

/** Thresholds of the precision-recall curves, where a run is judged at them. */
const CURVES_AT = [0.5, 0.75];

/** A run as the page shows it. */
export interface ReportedRun extends RunFolder {
  /** What `lofi evaluate --json` says of the folder's detections; of metrics.json where there are none to evaluate. */
  metrics: ReportedMetrics | undefined;
  /** Whether metrics.json says something else: the detections were made anew since. */
  stale: boolean;
  /** Of all classes together. */
  curves: { tiou: number; curve: PrecisionRecall }[];
  /** What `lofi analyze --json` says of the detections. */
  analysis: Analysis | undefined;
}

/** Reads a run folder and judges what it detected, on the subset and at the thresholds of its metrics.json. */
export function reportRun(folder: string): ReportedRun {
  const run = readRunFolder(folder);
  const { subset, preset } = evaluationOf(run);
  const { dataset, detections } = run;
  const judgeable = Object.values(dataset?.database ?? {}).some(
    (video) => video.subset === subset && video.annotations.length > 0,
  );
  if (!dataset || !detections || subset === undefined || !judgeable)
    return { ...run, stale: false, curves: [], analysis: undefined };
  const tiou = run.metrics?.tiou ?? presets[preset].tiou;
  const metrics = evaluateDetections(dataset, detections, { subset, tiou });
  return {
    ...run,
    metrics,
    stale: run.metrics !== undefined && run.metrics.average_mAP !== metrics.average_mAP,
    curves: tiou
      .filter((t) => CURVES_AT.includes(round(t)))
      .map((t) => ({ tiou: t, curve: precisionRecall(dataset, detections, { subset, tiou: t }) })),
    analysis: analyse(dataset, detections, { subset, ...analysisPresets[preset] }),
  };
}

/** What a run is judged on, and as which benchmark does it; a config.yaml of before `evaluation` was a key has none. */
function evaluationOf({ metrics, config }: RunFolder): { subset: string | undefined; preset: keyof typeof presets } {
  const { data, evaluation } = config as { data?: { validateOn?: string }; evaluation?: { preset?: string } };
  const preset = evaluation?.preset ?? '';
  return {
    subset: metrics?.subset ?? data?.validateOn,
    preset: preset in presets ? (preset as keyof typeof presets) : 'activitynet',
  };
}
