import type { DetectionColumns } from '../columns.js';
import type { GroundTruth, Predictions } from '../types.js';
import { analysisPresets, type Bins } from './bins.js';
import { labelConfusion } from './confusion.js';
import { falsePositives } from './false-positives.js';
import { judge, mean, normalizedAp } from './judged.js';
import { falseNegatives, sensitivity } from './sensitivity.js';
import type { Analysis } from './analysis-types.js';

/**
 * Analyses the errors of a detector as DETAD does (Alwassel et al., "Diagnosing Error in Temporal Action Detectors",
 * ECCV 2018): the types of error among the best detections and the cost of each, the sensitivity to characteristics of
 * instances, and the missed instances. In addition, it counts which labels are taken for which. Ties keep file order.
 *
 * @param options - `tiou`: thresholds; `bins`: edges of the buckets. Both default to DETAD's for ActivityNet.
 * @throws UsageError when the subset has no instance.
 */
export function analyse(
  truth: GroundTruth,
  predictions: Predictions | DetectionColumns,
  options: { subset: string; tiou?: readonly number[]; bins?: Bins },
): Analysis {
  const { subset, tiou = analysisPresets.activitynet.tiou, bins = analysisPresets.activitynet.bins } = options;
  const judged = judge(truth, predictions, { subset, tiou });
  const { aligned, classes, videos, dropped } = judged;
  const errors = falsePositives(judged);
  return {
    subset,
    tiou: [...tiou],
    counts: {
      videos: videos.length,
      classes: classes.length,
      instances: aligned.instances.count,
      instances_dropped: dropped,
      detections: aligned.detections.count,
      detections_unknown_label: aligned.detections.label.reduce((sum, label) => sum + (label < 0 ? 1 : 0), 0),
      detections_considered: errors.profile.reduce((sum, { detections }) => sum + detections, 0),
    },
    average_mAP_N: mean(
      classes.map(({ claims, positives }) => mean(claims.map((at) => normalizedAp(judged, at, positives)))),
    ),
    false_positives: errors,
    sensitivity: sensitivity(judged, bins),
    false_negatives: falseNegatives(judged, bins),
    confusion: labelConfusion(judged),
  };
}
