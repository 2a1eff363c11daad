import { toColumns, type DetectionColumns } from './columns.js';
import { byFallingScore, groupBy } from './ranking.js';
import type { Annotation, Predictions } from './types.js';

/** Instances as columns, those of one class side by side, and among them those of one video. Times in seconds. */
export interface Instances {
  count: number;
  start: Float64Array;
  end: Float64Array;
  video: Int32Array;
  label: Int32Array;
  /** The instances as they come in the file. */
  inFileOrder: Int32Array;
  /** Class k has the instances from `offset[k]` to before `offset[k + 1]`. */
  offset: Int32Array;
}

/** Detections and the instances of one subset, with the same numbers for videos and classes. */
export interface Aligned {
  /** The classes: the labels of the instances, in file order. */
  labels: string[];
  instances: Instances;
  /** `video` and `label` are -1 where no video judged has this id, no instance this label. */
  detections: Omit<DetectionColumns, 'videos' | 'labels'>;
  /** The detections of each class, in falling score; ties keep file order. */
  ranked: Int32Array[];
  /** What the predictions name and the ground truth does not. */
  unknown: { labels: string[]; videos: string[] };
}

/**
 * Brings predictions and ground truth together.
 *
 * @param annotations the instances of each of `videos`.
 */
export function align(
  videos: readonly string[],
  annotations: readonly (readonly Annotation[])[],
  predictions: Predictions | DetectionColumns,
): Aligned {
  const classes = new Map<string, number>();
  for (const list of annotations) for (const { label } of list) addName(classes, label);
  const columns = toColumns(predictions);
  const videoOf = lookUp(columns.videos, new Map(videos.map((id, index) => [id, index])));
  const labelOf = lookUp(columns.labels, classes);
  const detections = {
    count: columns.count,
    start: columns.start,
    end: columns.end,
    score: columns.score,
    video: columns.video.map((video) => videoOf[video]!),
    label: columns.label.map((label) => labelOf[label]!),
  };
  const { members, offset } = groupBy(detections.label, classes.size, byFallingScore(detections.score));
  return {
    labels: [...classes.keys()],
    instances: toInstances(annotations, classes),
    detections,
    ranked: Array.from(classes.values(), (k) => members.subarray(offset[k], offset[k + 1])),
    unknown: {
      labels: columns.labels.filter((_, i) => labelOf[i]! < 0),
      videos: columns.videos.filter((_, i) => videoOf[i]! < 0),
    },
  };
}

function addName(names: Map<string, number>, name: string): void {
  if (!names.has(name)) names.set(name, names.size);
}

function lookUp(names: readonly string[], known: ReadonlyMap<string, number>): Int32Array {
  return Int32Array.from(names, (name) => known.get(name) ?? -1);
}

function toInstances(annotations: readonly (readonly Annotation[])[], classes: ReadonlyMap<string, number>): Instances {
  const rows = annotations.flatMap((list, video) =>
    list.map(({ segment, label }) => ({ start: segment[0], end: segment[1], video, label: classes.get(label)! })),
  );
  const sorted = Int32Array.from(rows, (_, place) => place).sort(
    (a, b) => rows[a]!.label - rows[b]!.label || rows[a]!.video - rows[b]!.video || a - b,
  );
  const inFileOrder = new Int32Array(rows.length);
  sorted.forEach((place, i) => (inFileOrder[place] = i));
  const offset = new Int32Array(classes.size + 1);
  sorted.forEach((place, i) => (offset[rows[place]!.label + 1] = i + 1));
  return {
    count: rows.length,
    start: Float64Array.from(sorted, (place) => rows[place]!.start),
    end: Float64Array.from(sorted, (place) => rows[place]!.end),
    video: Int32Array.from(sorted, (place) => rows[place]!.video),
    label: Int32Array.from(sorted, (place) => rows[place]!.label),
    inFileOrder,
    offset,
  };
}
