import { toColumns, type DetectionColumns } from './columns.js';
import type { GroundTruth, Predictions, Segment } from './types.js';

/**
 * The detections that can be judged: all but those of which more than half lies in stretches that nobody has labelled.
 * Whether these are right is not known, so they count neither for nor against a detector.
 *
 * @returns The detections as columns, in file order, and how many are left out.
 */
export function judgedColumns(
  truth: GroundTruth,
  predictions: Predictions | DetectionColumns,
): { columns: DetectionColumns; unlabelled: number } {
  const columns = toColumns(predictions);
  const stretches = columns.videos.map((id) =>
    Object.hasOwn(truth.database, id) ? (truth.database[id]!.unlabelled ?? []) : [],
  );
  if (stretches.every((list) => list.length === 0)) return { columns, unlabelled: 0 };
  const { count, start, end, score, video, label } = columns;
  const kept: number[] = [];
  for (let i = 0; i < count; i++) if (!liesIn(start[i]!, end[i]!, stretches[video[i]!]!)) kept.push(i);
  if (kept.length === count) return { columns, unlabelled: 0 };
  const judged = {
    ...columns,
    count: kept.length,
    start: Float64Array.from(kept, (i) => start[i]!),
    end: Float64Array.from(kept, (i) => end[i]!),
    score: Float64Array.from(kept, (i) => score[i]!),
    video: Int32Array.from(kept, (i) => video[i]!),
    label: Int32Array.from(kept, (i) => label[i]!),
  };
  return { columns: judged, unlabelled: count - kept.length };
}

/** Whether more than half of a segment, or the moment of one without length, lies in some stretches. */
function liesIn(start: number, end: number, stretches: readonly Segment[]): boolean {
  if (end <= start) return stretches.some(([from, to]) => start > from && start < to);
  const inside = stretches.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)), 0);
  return inside > 0.5 * (end - start);
}
