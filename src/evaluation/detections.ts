import { groupBy, sortByScore, toColumns, type Columns } from './columns.js';
import { temporalIou } from './segments.js';
import { selectVideos, type MissingPolicy, type Selection } from './select.js';
import type { GroundTruth, Predictions } from './types.js';

/** What {@link evaluateDetections} counts on the way; all are numbers of things. */
export interface DetectionCounts {
  /** Videos evaluated, and those of the subset that the predictions do not name. */
  videos: number;
  videos_missing: number;
  instances: number;
  classes: number;
  classes_without_detections: number;
  /** Detections in the file, those judged, and those left out because no instance of the subset has their label. */
  detections: number;
  detections_used: number;
  detections_unknown_label: number;
  /** Used, as false positives: their video is not among those evaluated. */
  detections_unknown_video: number;
  /** Used, though odd: end ≤ start; a score or a time that is no number; a score equal to another of the same class. */
  detections_empty_segment: number;
  detections_nan: number;
  detections_tied: number;
}

/** The result document of `lofi evaluate --metric map`; AP and mAP are fractions. */
export interface DetectionMetrics {
  subset: string;
  tiou: number[];
  /** One a threshold. */
  mAP: number[];
  average_mAP: number;
  /** AP of each label at each threshold. */
  per_class: Record<string, number[]>;
  counts: DetectionCounts;
  /** Names met in the predictions that the ground truth of the subset does not have. */
  unknown: { labels: string[]; videos: string[] };
}

/** Instances grouped so that those of one class in one video lie together. */
interface Instances {
  start: Float64Array;
  end: Float64Array;
  /** `of[class].get(video)`: first and one-past-last index. */
  of: Map<number, [first: number, last: number]>[];
  perClass: Int32Array;
}

/**
 * Mean average precision of temporal detections, exactly as ActivityNet's official `eval_detection.py`:
 * by class, detections in falling score each claim the unclaimed instance of highest tIoU ≥ threshold in their video;
 * interpolated AP; mean over the classes of the subset. Ties keep file order.
 *
 * @throws UsageError when the subset has no instance; WorkError for `missing: 'fail'` (see {@link selectVideos}).
 */
export function evaluateDetections(
  truth: GroundTruth,
  predictions: Predictions,
  options: { subset: string; tiou: readonly number[]; missing?: MissingPolicy },
): DetectionMetrics {
  const selection = selectVideos(truth, predictions, options.subset, options.missing);
  const labels = new Map<string, number>();
  for (const list of selection.annotations) {
    for (const { label } of list) if (!labels.has(label)) labels.set(label, labels.size);
  }
  const instances = groupInstances(selection, labels);
  const videos = new Map(selection.videos.map((id, index) => [id, index]));
  const columns = toColumns(predictions, videos, labels);
  const { order, offset } = groupBy(columns.label, labels.size);

  const thresholds = Float64Array.from(options.tiou);
  const perClass: [label: string, ap: number[]][] = [];
  const mAP = options.tiou.map(() => 0);
  let tied = 0;
  let silent = 0;
  for (const [name, label] of labels) {
    const ranked = sortByScore(order.subarray(offset[label], offset[label + 1]), columns.score);
    tied += countTies(ranked, columns.score);
    if (ranked.length === 0) silent++;
    const ap = averagePrecision(ranked, columns, instances, label, thresholds);
    perClass.push([name, ap]);
    ap.forEach((value, t) => (mAP[t]! += value / labels.size));
  }

  return {
    subset: options.subset,
    tiou: [...options.tiou],
    mAP,
    average_mAP: mAP.reduce((sum, value) => sum + value, 0) / mAP.length,
    per_class: Object.fromEntries(perClass),
    counts: {
      videos: selection.videos.length,
      videos_missing: selection.missing.length,
      instances: instances.start.length,
      classes: labels.size,
      classes_without_detections: silent,
      detections: columns.count,
      detections_used: order.length,
      detections_unknown_label: columns.count - order.length,
      ...countOdd(columns),
      detections_tied: tied,
    },
    unknown: {
      labels: unknownLabels(predictions, labels),
      videos: Object.keys(predictions.results).filter((id) => !videos.has(id)),
    },
  };
}

function groupInstances(selection: Selection, labels: ReadonlyMap<string, number>): Instances {
  const rows = selection.annotations.flatMap((list, video) =>
    list.map(({ segment, label }) => ({ start: segment[0], end: segment[1], video, label: labels.get(label)! })),
  );
  rows.sort((a, b) => a.label - b.label || a.video - b.video);
  const of = Array.from({ length: labels.size }, () => new Map<number, [number, number]>());
  const perClass = new Int32Array(labels.size);
  rows.forEach(({ label, video }, i) => {
    perClass[label]!++;
    const range = of[label]!.get(video);
    if (range) range[1] = i + 1;
    else of[label]!.set(video, [i, i + 1]);
  });
  return { start: Float64Array.from(rows, (r) => r.start), end: Float64Array.from(rows, (r) => r.end), of, perClass };
}

/** AP of one class at each threshold; `ranked` are its detections in falling score. */
function averagePrecision(
  ranked: Int32Array,
  columns: Columns,
  instances: Instances,
  label: number,
  thresholds: Float64Array,
): number[] {
  const total = instances.start.length;
  const claimed = new Uint8Array(thresholds.length * total);
  const hit = new Uint8Array(thresholds.length * ranked.length);
  const candidates: number[] = [];
  const tiou: number[] = [];
  for (let rank = 0; rank < ranked.length; rank++) {
    const d = ranked[rank]!;
    const range = instances.of[label]!.get(columns.video[d]!);
    if (!range) continue;
    candidates.length = 0;
    for (let g = range[0]; g < range[1]; g++) {
      tiou[g - range[0]] = temporalIou(columns.start[d]!, columns.end[d]!, instances.start[g]!, instances.end[g]!);
      insertByTiou(candidates, tiou, g - range[0]);
    }
    for (let t = 0; t < thresholds.length; t++) {
      for (const c of candidates) {
        // Written as the official code has it: a NaN tIoU is not below the threshold and so may match.
        if (tiou[c]! < thresholds[t]!) break;
        const lock = t * total + range[0] + c;
        if (claimed[lock]) continue;
        claimed[lock] = 1;
        hit[t * ranked.length + rank] = 1;
        break;
      }
    }
  }
  const positives = instances.perClass[label]!;
  return Array.from(thresholds, (_, t) =>
    interpolatedPrecision(hit.subarray(t * ranked.length, (t + 1) * ranked.length), positives),
  );
}

/** Keeps `sorted` in falling tIoU; ties keep file order, NaN goes first (where the official descending sort puts it). */
function insertByTiou(sorted: number[], tiou: readonly number[], index: number): void {
  const value = tiou[index]!;
  let at = sorted.length;
  for (; at > 0; at--) {
    const placed = tiou[sorted[at - 1]!]!;
    const goesBefore = value > placed || (Number.isNaN(value) && !Number.isNaN(placed));
    if (!goesBefore) break;
    sorted[at] = sorted[at - 1]!;
  }
  sorted[at] = index;
}

/** Area under the interpolated precision-recall curve (PASCAL VOC 2011): each hit adds the best precision from it on. */
function interpolatedPrecision(hit: Uint8Array, positives: number): number {
  let hits = 0;
  for (const h of hit) hits += h;
  let area = 0;
  let best = 0;
  for (let rank = hit.length - 1; rank >= 0; rank--) {
    if (!hit[rank]) continue;
    best = Math.max(best, hits / (rank + 1));
    area += best / positives;
    hits--;
  }
  return area;
}

function countTies(ranked: Int32Array, score: Float64Array): number {
  let ties = 0;
  for (let i = 0; i < ranked.length; i++) {
    const s = score[ranked[i]!]!;
    if ((i > 0 && score[ranked[i - 1]!] === s) || (i + 1 < ranked.length && score[ranked[i + 1]!] === s)) ties++;
  }
  return ties;
}

/** Counts over the detections that are used (known label). */
function countOdd(
  columns: Columns,
): Pick<DetectionCounts, 'detections_unknown_video' | 'detections_empty_segment' | 'detections_nan'> {
  let unknown = 0;
  let empty = 0;
  let nan = 0;
  for (let i = 0; i < columns.count; i++) {
    if (columns.label[i]! < 0) continue;
    if (columns.video[i]! < 0) unknown++;
    if (columns.end[i]! <= columns.start[i]!) empty++;
    if ([columns.score[i]!, columns.start[i]!, columns.end[i]!].some(Number.isNaN)) nan++;
  }
  return { detections_unknown_video: unknown, detections_empty_segment: empty, detections_nan: nan };
}

function unknownLabels(predictions: Predictions, labels: ReadonlyMap<string, number>): string[] {
  const unknown = new Set<string>();
  for (const id in predictions.results) {
    for (const { label } of predictions.results[id]!) if (!labels.has(label)) unknown.add(label);
  }
  return [...unknown];
}
