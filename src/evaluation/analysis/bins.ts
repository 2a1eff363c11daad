import { linspace, presets } from '../tiou.js';
import type { Aligned } from '../align-videos.js';
import type { Bucket, Characteristic } from './analysis-types.js';

/**
 * The edges between the buckets of each characteristic, ascending. A bucket holds the values above
 * one edge and up to the next.
 */
export type Bins = Readonly<Record<Characteristic, readonly number[]>>;

const activitynet: Bins = {
  coverage: linspace(0, 1, 6),
  length: [0, 30, 60, 120, 180, Number.POSITIVE_INFINITY],
  num_instances: [0, 1, 4, 8, Number.POSITIVE_INFINITY],
};

/** DETAD's thresholds and bins for ActivityNet and THUMOS14. HACS is made like ActivityNet and has the same. */
export const analysisPresets: Record<keyof typeof presets, { tiou: readonly number[]; bins: Bins }> = {
  activitynet: { tiou: presets.activitynet.tiou, bins: activitynet },
  thumos14: {
    tiou: [0.5],
    bins: {
      coverage: [0, 0.02, 0.04, 0.06, 0.08, 1],
      length: [0, 3, 6, 12, 18, Number.POSITIVE_INFINITY],
      num_instances: [0, 1, 40, 80, Number.POSITIVE_INFINITY],
    },
  },
  hacs: { tiou: presets.hacs.tiou, bins: activitynet },
};

/** A bucket and the instances in it. */
export interface Filled {
  bucket: Bucket;
  /** `[instance]`: 1 for instances in the bucket, otherwise 0. */
  holds: Uint8Array;
}

/**
 * Sorts instances into buckets by a characteristic.
 *
 * @param durations - Duration of each video in seconds. Where it is unknown, instances are in no bucket of coverage.
 */
export function fillBuckets(
  { instances }: Aligned,
  durations: readonly (number | undefined)[],
  edges: readonly number[],
  characteristic: Characteristic,
): Filled[] {
  const values = characteristicOf[characteristic](instances, durations);
  return edges.slice(1).map((upTo, i) => {
    const above = edges[i]!;
    const holds = Uint8Array.from(values, (value) => (value > above && value <= upTo ? 1 : 0));
    const count = holds.reduce((sum, one) => sum + one, 0);
    return { bucket: { name: names[i]!, above, up_to: Number.isFinite(upTo) ? upTo : null, instances: count }, holds };
  });
}

const names = ['XS', 'S', 'M', 'L', 'XL'] as const;

const characteristicOf: Record<
  Characteristic,
  (instances: Aligned['instances'], durations: readonly (number | undefined)[]) => Float64Array
> = {
  coverage: ({ start, end, video }, durations) =>
    start.map((from, i) => (end[i]! - from) / (durations[video[i]!] ?? Number.NaN)),
  length: ({ start, end }) => start.map((from, i) => end[i]! - from),
  num_instances: ({ video, label, count }) => {
    const key = (i: number) => `${video[i]!}/${label[i]!}`;
    const counts = new Map<string, number>();
    for (let i = 0; i < count; i++) counts.set(key(i), (counts.get(key(i)) ?? 0) + 1);
    return Float64Array.from({ length: count }, (_, i) => counts.get(key(i))!);
  },
};
