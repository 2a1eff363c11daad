import { align, type Aligned } from './align-videos.js';
import type { DetectionColumns } from './columns.js';
import { averagePrecision, claimedInstances } from './matching.js';
import { selectVideos, type MissingPolicy } from './select.js';
import type { GroundTruth, Predictions } from './types.js';
import { judgedColumns } from './unlabelled-detections.js';

/** Counts that {@link evaluateDetections} reports. */
export interface DetectionCounts {
  /** Videos evaluated; `videos_missing`: videos of the subset that the predictions do not name. */
  videos: number;
  videos_missing: number;
  instances: number;
  classes: number;
  classes_without_detections: number;
  /**
   * Detections in the file, detections judged, and detections left out because no instance
   * of the subset has their label.
   */
  detections: number;
  detections_used: number;
  detections_unknown_label: number;
  /** Detections judged, and all false positives, because their video is not among those evaluated. */
  detections_unknown_video: number;
  /**
   * Detections judged although they are odd: end ≤ start; a score that is NaN; a score equal to another of the same
   * class.
   */
  detections_empty_segment: number;
  detections_nan: number;
  detections_tied: number;
  /** Detections left out because most of them lies where nobody has labelled; present where there are some. */
  detections_unlabelled?: number;
}

/** The result document of `lofi evaluate --metric map`; AP and mAP are fractions. */
export interface DetectionMetrics {
  subset: string;
  tiou: number[];
  /** mAP at each threshold. */
  mAP: number[];
  average_mAP: number;
  /** AP of each label at each threshold. */
  per_class: Record<string, number[]>;
  counts: DetectionCounts;
  /** Names in the predictions that the ground truth of the subset does not have. */
  unknown: { labels: string[]; videos: string[] };
}

/**
 * Mean average precision of temporal detections, exactly as in ActivityNet's official `eval_detection.py`. In each
 * class the detections, by descending score, claim the unclaimed instance of highest tIoU ≥ threshold in their video;
 * AP is interpolated; mAP is its mean over the classes of the subset. Ties keep file order. Beyond the official rules,
 * detections in unlabelled stretches are left out ({@link judgedColumns}).
 *
 * @throws UsageError when the subset has no instance; WorkError for `missing: 'fail'` (see {@link selectVideos}).
 */
export function evaluateDetections(
  truth: GroundTruth,
  predictions: Predictions | DetectionColumns,
  options: { subset: string; tiou: readonly number[]; missing?: MissingPolicy },
): DetectionMetrics {
  const { columns, unlabelled } = judgedColumns(truth, predictions);
  const selection = selectVideos(truth, new Set(columns.videos), options.subset, options.missing);
  const aligned = align(selection.videos, selection.annotations, columns);
  const { labels, instances, ranked } = aligned;

  const perClass = labels.map((_, label) => {
    const claims = claimedInstances(aligned, label, options.tiou);
    const n = ranked[label]!.length;
    const positives = instances.offset[label + 1]! - instances.offset[label]!;
    return options.tiou.map((_, t) => averagePrecision(claims.subarray(t * n, (t + 1) * n), positives));
  });
  const mAP = options.tiou.map((_, t) => perClass.reduce((sum, ap) => sum + ap[t]! / labels.length, 0));

  return {
    subset: options.subset,
    tiou: [...options.tiou],
    mAP,
    average_mAP: mAP.reduce((sum, value) => sum + value, 0) / mAP.length,
    per_class: Object.fromEntries(labels.map((label, i) => [label, perClass[i]!])),
    counts: {
      videos: selection.videos.length,
      videos_missing: selection.missing.length,
      instances: instances.count,
      classes: labels.length,
      classes_without_detections: ranked.filter((list) => list.length === 0).length,
      detections: columns.count + unlabelled,
      ...countUsed(aligned),
      ...(unlabelled > 0 && { detections_unlabelled: unlabelled }),
    },
    unknown: aligned.unknown,
  };
}

/** Counts the detections that are judged (their label is known) and those that are not. */
function countUsed({
  detections,
  ranked,
}: Aligned): Pick<
  DetectionCounts,
  | 'detections_used'
  | 'detections_unknown_label'
  | 'detections_unknown_video'
  | 'detections_empty_segment'
  | 'detections_nan'
  | 'detections_tied'
> {
  const { start, end, score, video } = detections;
  let [used, unknown, empty, nan, tied] = [0, 0, 0, 0, 0];
  for (const list of ranked) {
    used += list.length;
    list.forEach((d, rank) => {
      if (video[d]! < 0) unknown++;
      if (end[d]! <= start[d]!) empty++;
      if (Number.isNaN(score[d])) nan++;
      if (score[list[rank - 1]!] === score[d] || score[list[rank + 1]!] === score[d]) tied++;
    });
  }
  return {
    detections_used: used,
    detections_unknown_label: detections.count - used,
    detections_unknown_video: unknown,
    detections_empty_segment: empty,
    detections_nan: nan,
    detections_tied: tied,
  };
}
