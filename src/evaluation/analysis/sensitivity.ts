import { fillBuckets, type Bins } from './bins.js';
import { mean, normalizedAp, type Judged, type JudgedClass } from './judged.js';
import {
  characteristics,
  type Characteristic,
  type FalseNegativeBucket,
  type SensitivityBucket,
} from './analysis-types.js';

/**
 * An instance counts as found if a detection claims it at a precision above this (DETAD's bound for false negatives).
 */
const MIN_PRECISION = 0.05;

/** average-mAP_N of the instances in each bucket. */
export function sensitivity(judged: Judged, bins: Bins): Record<Characteristic, SensitivityBucket[]> {
  return eachBucket(judged, bins, (holds) => ({ average_mAP_N: bucketAp(judged, holds) }));
}

/** Fraction of the instances in each bucket that are missed. */
export function falseNegatives(judged: Judged, bins: Bins): Record<Characteristic, FalseNegativeBucket[]> {
  const found = judged.tiou.map((_, t) => foundInstances(judged, t));
  return eachBucket(judged, bins, (holds, count) => {
    const missed = found.map((at) => holds.reduce((sum, inside, i) => sum + (inside && !at[i] ? 1 : 0), 0) / count);
    return { missed: count === 0 ? null : mean(missed) };
  });
}

function eachBucket<T>(judged: Judged, bins: Bins, what: (holds: Uint8Array, count: number) => T) {
  const measure = (characteristic: Characteristic) =>
    fillBuckets(judged.aligned, judged.durations, bins[characteristic], characteristic).map(({ bucket, holds }) => ({
      ...bucket,
      ...what(holds, bucket.instances),
    }));
  return Object.fromEntries(characteristics.map((name) => [name, measure(name)])) as Record<
    Characteristic,
    ReturnType<typeof measure>
  >;
}

/**
 * average-mAP_N as if only the bucket's instances existed: detections that claim another instance
 * at any threshold are left out.
 */
function bucketAp(judged: Judged, holds: Uint8Array): number | null {
  const { offset } = judged.aligned.instances;
  const perClass = judged.classes.flatMap(({ label, claims }) => {
    const positives = holds.subarray(offset[label], offset[label + 1]).reduce((sum, one) => sum + one, 0);
    if (positives === 0) return [];
    const isElsewhere = (rank: number) => claims.some((at) => at[rank]! >= 0 && !holds[at[rank]!]);
    const kept = claims[0]!.map((_, rank) => rank).filter((rank) => !isElsewhere(rank));
    return [
      mean(
        claims.map((at) =>
          normalizedAp(
            judged,
            kept.map((rank) => at[rank]!),
            positives,
          ),
        ),
      ),
    ];
  });
  return perClass.length === 0 ? null : mean(perClass);
}

/** `[instance]`: 1 for instances that a detection of sufficient precision claims at threshold t. */
function foundInstances({ aligned, classes }: Judged, t: number): Uint8Array {
  const found = new Uint8Array(aligned.instances.count);
  for (const one of classes) markFound(found, one, t, aligned.instances.count / classes.length);
  return found;
}

function markFound(found: Uint8Array, { claims, positives }: JudgedClass, t: number, classSize: number): void {
  let hits = 0;
  claims[t]!.forEach((instance, rank) => {
    if (instance < 0) return;
    hits++;
    const normalized = (hits * classSize) / positives;
    if (normalized / (normalized + rank + 1 - hits) > MIN_PRECISION) found[instance] = 1;
  });
}
