/** Outcomes of a detection at one tIoU threshold α, as in DETAD (Alwassel et al., ECCV 2018). */
export const outcomes = [
  /** It claims an instance of its label at tIoU ≥ α. */
  'true_positive',
  /** The instance that it overlaps most has its label and tIoU ≥ α, but a detection with a higher score claimed it. */
  'double_detection',
  /** The instance that it overlaps most has another label, and tIoU ≥ α. */
  'wrong_label',
  /** The instance that it overlaps most has its label, and 0.1 ≤ tIoU < α. */
  'localization',
  /** The instance that it overlaps most has another label, and 0.1 ≤ tIoU < α. */
  'confusion',
  /** It overlaps no instance with tIoU ≥ 0.1. */
  'background',
] as const;

export type Outcome = (typeof outcomes)[number];
export type ErrorType = Exclude<Outcome, 'true_positive'>;

/** The result document of `lofi analyze`. Shares, precision, recall and (m)AP are fractions; times are in seconds. */
export interface Analysis {
  subset: string;
  /** The thresholds. A number that belongs to none of them is the mean over all of them. */
  tiou: number[];
  counts: {
    videos: number;
    classes: number;
    /**
     * Instances judged. `instances_dropped` counts those left out as DETAD does: they end before they start, or
     * last longer than their video.
     */
    instances: number;
    instances_dropped: number;
    /**
     * Detections in the file; those whose label no instance has, which are left out of everything;
     * and those among the top 10G.
     */
    detections: number;
    detections_unknown_label: number;
    detections_considered: number;
  };
  /** Mean AP of all detections, with precision normalised to classes of equal size (DETAD's "average-mAP_N"). */
  average_mAP_N: number;
  false_positives: FalsePositives;
  sensitivity: Record<Characteristic, SensitivityBucket[]>;
  false_negatives: Record<Characteristic, FalseNegativeBucket[]>;
  confusion: LabelConfusion;
}

/**
 * DETAD's false positive analysis: outcomes of the `limit` · G best detections of each class, where G is the
 * class's number of instances.
 */
export interface FalsePositives {
  limit: number;
  /** A detection that overlaps every instance by less than this tIoU is background. */
  background_tiou: number;
  /** Numbers of detections at each threshold; those of one threshold add up to `counts.detections_considered`. */
  by_tiou: Record<Outcome, number>[];
  /**
   * `[g - 1]`: the detections that rank from (g − 1)G to gG in their class, and the share of each outcome among them.
   */
  profile: { multiple: number; detections: number; share: Record<Outcome, number> }[];
  /**
   * average-mAP_N of the detections considered. `gain` is its increase when the detections of
   * one type of error are removed.
   */
  average_mAP_N: number;
  gain: Record<ErrorType, number>;
}

/**
 * Characteristics of instances: `coverage`, the length as a fraction of the video's duration; `length` in seconds;
 * `num_instances`, the number of instances of the same label in the video.
 */
export const characteristics = ['coverage', 'length', 'num_instances'] as const;
export type Characteristic = (typeof characteristics)[number];

/** The instances whose characteristic lies in (above, up_to]; null: no bound. */
export interface Bucket {
  name: 'XS' | 'S' | 'M' | 'L' | 'XL';
  above: number;
  up_to: number | null;
  /** Number of instances in the bucket. */
  instances: number;
}

/** DETAD's sensitivity analysis. */
export interface SensitivityBucket extends Bucket {
  /**
   * Computed as if no other instances existed; mean over the classes with an instance here;
   * null where the bucket is empty.
   */
  average_mAP_N: number | null;
}

/** DETAD's false negative analysis. */
export interface FalseNegativeBucket extends Bucket {
  /**
   * Fraction of its instances that no detection claims at a normalised precision above 5 %;
   * null where the bucket is empty.
   */
  missed: number | null;
}

/** Counts which labels are taken for which at the lowest threshold, by the G best detections of each class. */
export interface LabelConfusion {
  tiou: number;
  labels: string[];
  /**
   * `[truth][predicted]`: detections of an instance, which is the one they claim or else the one they overlap
   * most with tIoU ≥ the threshold.
   */
  detections: number[][];
  /** `[predicted]`: detections of no instance. */
  background: number[];
  /** `[truth]`: instances that none of these detections claims. */
  missed: number[];
}
