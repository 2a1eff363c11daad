import { toColumns, type DetectionColumns } from './columns.js';
import { byFallingScore, groupBy } from './ranking.js';
import type { Annotation, Predictions } from './types.js';

/** Instances as columns, sorted by class and within a class by video. Times in seconds. */
export interface Instances {
  count: number;
  start: Float64Array;
  end: Float64Array;
  video: Int32Array;
  label: Int32Array;
  /** `inFileOrder[n]` is the index here of the n-th instance of the file. */
  inFileOrder: Int32Array;
  /** Class k has the instances from `offset[k]` up to, but not including, `offset[k + 1]`. */
  offset: Int32Array;
}

/** Detections and the instances of one subset, with the same numbers for videos and classes. */
export interface Aligned {
  /** The classes: the labels of the instances, in file order. */
  labels: string[];
  instances: Instances;
  /** `video` is -1 where no evaluated video has the detection's id; `label` is -1 where no instance has its label. */
  detections: Omit<DetectionColumns, 'videos' | 'labels'>;
  /** The detections of each class by descending score; ties keep file order. */
  ranked: Int32Array[];
  /** Labels and videos that occur in the predictions but not in the ground truth. */
  unknown: { labels: string[]; videos: string[] };
}

/**
 * Numbers the videos and classes of predictions as in the ground truth.
 *
 * @param annotations - The instances of each of `videos`.
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
