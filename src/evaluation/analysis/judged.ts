import { UsageError } from '../../system/errors.js';
import { align, type Aligned } from '../align-videos.js';
import type { DetectionColumns } from '../columns.js';
import { averagePrecision, claimedInstances } from '../matching.js';
import { selectVideos } from '../select.js';
import type { GroundTruth, Predictions } from '../types.js';
import { judgedColumns } from '../unlabelled-detections.js';

/** The matched detections and instances from which all parts of the analysis start. */
export interface Judged {
  aligned: Aligned;
  tiou: readonly number[];
  videos: string[];
  /** Duration of each video in seconds, where it is known. */
  durations: (number | undefined)[];
  dropped: number;
  classes: JudgedClass[];
}

export interface JudgedClass {
  label: number;
  /** Number of its instances, G. */
  positives: number;
  /** Its detections by descending score. */
  ranked: Int32Array;
  /** `[threshold][rank]`: the instance that the detection claims, or -1. */
  claims: Int32Array[];
}

/**
 * Matches the detections of a subset with its instances. As in DETAD, instances that end before they start or last
 * longer than their video are left out.
 *
 * @throws UsageError when no instance is left.
 */
export function judge(
  truth: GroundTruth,
  predictions: Predictions | DetectionColumns,
  options: { subset: string; tiou: readonly number[] },
): Judged {
  const { columns } = judgedColumns(truth, predictions);
  const { videos, annotations } = selectVideos(truth, new Set(columns.videos), options.subset, undefined);
  const durations = videos.map((id) => truth.database[id]!.duration);
  const valid = annotations.map((list, video) =>
    list.filter(({ segment: [start, end] }) => start < end && end - start <= (durations[video] ?? Infinity)),
  );
  const aligned = align(videos, valid, columns);
  const { instances, ranked, labels } = aligned;
  if (instances.count === 0) throw new UsageError(`no instance of subset "${options.subset}" fits into its video`);
  const classes = labels.map((_, label): JudgedClass => {
    const positives = instances.offset[label + 1]! - instances.offset[label]!;
    const all = claimedInstances(aligned, label, options.tiou);
    const n = ranked[label]!.length;
    const claims = options.tiou.map((_, t) => all.subarray(t * n, (t + 1) * n));
    return { label, positives, ranked: ranked[label]!, claims };
  });
  const dropped = annotations.reduce((sum, list) => sum + list.length, 0) - instances.count;
  return { aligned, tiou: options.tiou, videos, durations, dropped, classes };
}

/**
 * DETAD's AP_N: average precision computed as if each class had the mean number of instances, which makes classes and
 * buckets of different sizes comparable.
 *
 * @param claims - As for {@link averagePrecision}.
 */
export function normalizedAp({ aligned, classes }: Judged, claims: Int32Array, positives: number): number {
  return averagePrecision(claims, positives, aligned.instances.count / classes.length / positives);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
