import { align } from '../align-videos.js';
import type { DetectionColumns } from '../columns.js';
import { claimedInstances } from '../matching.js';
import { byFallingScore } from '../ranking.js';
import { selectVideos } from '../select.js';
import type { GroundTruth, Predictions } from '../types.js';
import { judgedColumns } from '../unlabelled-detections.js';

/** A curve of precision over recall with a point for each true positive, by descending score. */
export interface PrecisionRecall {
  instances: number;
  detections: number;
  recall: number[];
  /** Interpolated as for AP: the highest precision at this recall or above. */
  precision: number[];
  /** Score of the true positive: a detector that shows detections from this score on has this recall. */
  score: number[];
}

/**
 * Precision over recall at one tIoU threshold, of one label or of all together. For all labels, detections of all
 * classes are ranked by score, but each can claim only an instance of its own class.
 *
 * @throws UsageError when the subset has no instance.
 */
export function precisionRecall(
  truth: GroundTruth,
  predictions: Predictions | DetectionColumns,
  options: { subset: string; tiou: number; label?: string },
): PrecisionRecall {
  const { columns } = judgedColumns(truth, predictions);
  const { videos, annotations } = selectVideos(truth, new Set(columns.videos), options.subset, undefined);
  const { label } = options;
  const wanted = label === undefined ? annotations : annotations.map((list) => list.filter((a) => a.label === label));
  const aligned = align(videos, wanted, columns);

  const hit = new Uint8Array(columns.count);
  aligned.ranked.forEach((ranked, label) => {
    const claims = claimedInstances(aligned, label, [options.tiou]);
    claims.forEach((instance, rank) => (hit[ranked[rank]!] = instance >= 0 ? 1 : 0));
  });
  const curve: PrecisionRecall = {
    instances: aligned.instances.count,
    detections: 0,
    recall: [],
    precision: [],
    score: [],
  };
  for (const d of byFallingScore(columns.score)) {
    if (aligned.detections.label[d]! < 0) continue;
    curve.detections++;
    if (!hit[d]) continue;
    const hits = curve.score.push(columns.score[d]!);
    curve.recall.push(hits / curve.instances);
    curve.precision.push(hits / curve.detections);
  }
  for (let i = curve.precision.length - 2; i >= 0; i--) {
    curve.precision[i] = Math.max(curve.precision[i]!, curve.precision[i + 1]!);
  }
  return curve;
}
