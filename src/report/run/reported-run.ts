import { analysisPresets } from '../../evaluation/analysis/bins.js';
import { analyse } from '../../evaluation/analysis/analyse.js';
import { precisionRecall, type PrecisionRecall } from '../../evaluation/analysis/precision-recall.js';
import type { Analysis } from '../../evaluation/analysis/analysis-types.js';
import { evaluateDetections } from '../../evaluation/detections.js';
import { presets } from '../../evaluation/tiou.js';
import { evaluationSchema } from './run-files.js';
import { readRunFolder, type ReportedMetrics, type RunFolder } from './run-folder.js';
import { round } from '../tables/metrics-table.js';

/** tIoU thresholds of the precision-recall curves, if a run is evaluated at them. */
const CURVES_AT = [0.5, 0.75];

/** A run as the page shows it. */
export interface ReportedRun extends RunFolder {
  /**
   * The result of `lofi evaluate --json` for the folder's detections, or metrics.json where there are no detections.
   */
  metrics: ReportedMetrics | undefined;
  /** Whether metrics.json differs from this result, because the detections have been made anew since. */
  stale: boolean;
  /** Precision-recall curves of all classes together. */
  curves: { tiou: number; curve: PrecisionRecall }[];
  /** The result of `lofi analyze --json` for the detections. */
  analysis: Analysis | undefined;
}

/** Reads a run folder and evaluates its detections, on the subset and at the thresholds of its metrics.json. */
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

/**
 * The subset on which a run is evaluated, and the benchmark whose settings are used. Old files
 * config.yaml have no `evaluation`.
 */
function evaluationOf({ metrics, config }: RunFolder): { subset: string | undefined; preset: keyof typeof presets } {
  const { data, evaluation } = evaluationSchema.safeParse(config).data ?? {};
  const preset = evaluation?.preset ?? '';
  return {
    subset: metrics?.subset ?? data?.validateOn,
    preset: Object.hasOwn(presets, preset) ? (preset as keyof typeof presets) : 'activitynet',
  };
}
