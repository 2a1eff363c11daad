/** What DETAD (Alwassel et al., ECCV 2018) says a detection is, at one tIoU threshold α. */
export const outcomes = [
  /** Claims an instance of its label at tIoU ≥ α. */
  'true_positive',
  /** The instance it overlaps most has its label and tIoU ≥ α, but a better scored detection claimed it. */
  'double_detection',
  /** The instance it overlaps most has another label, tIoU ≥ α. */
  'wrong_label',
  /** The instance it overlaps most has its label, 0.1 ≤ tIoU < α. */
  'localization',
  /** The instance it overlaps most has another label, 0.1 ≤ tIoU < α. */
  'confusion',
  /** It overlaps no instance with tIoU ≥ 0.1. */
  'background',
] as const;

export type Outcome = (typeof outcomes)[number];
export type ErrorType = Exclude<Outcome, 'true_positive'>;

/** The result document of `lofi analyze`. Shares, precision, recall and (m)AP are fractions, times seconds. */
export interface Analysis {
  subset: string;
  /** The thresholds; a number that belongs to none of them is the mean over all of them. */
  tiou: number[];
  counts: {
    videos: number;
    classes: number;
    /** Instances judged, and those left out as DETAD does: they end before they start, or last longer than their video. */
    instances: number;
    instances_dropped: number;
    /** Detections in the file, those whose label has no instance (left out of everything), and those among the top 10G. */
    detections: number;
    detections_unknown_label: number;
    detections_considered: number;
  };
  /** Mean AP with the precision normalised to classes of equal size (DETAD's "average-mAP_N"), of all detections. */
  average_mAP_N: number;
  false_positives: FalsePositives;
  sensitivity: Record<Characteristic, SensitivityBucket[]>;
  false_negatives: Record<Characteristic, FalseNegativeBucket[]>;
  confusion: LabelConfusion;
}

/** DETAD's false positive analysis: what the best detections are, `limit` · G of them in each class, where G is the class's number of instances. */
export interface FalsePositives {
  limit: number;
  /** Below this tIoU with every instance a detection is background. */
  background_tiou: number;
  /** Numbers of detections at each threshold; those of one threshold add up to `counts.detections_considered`. */
  by_tiou: Record<Outcome, number>[];
  /** `[g - 1]`: the detections that rank from (g − 1)G to gG in their class, and the share of each outcome among them. */
  profile: { multiple: number; detections: number; share: Record<Outcome, number> }[];
  /** average-mAP_N of the detections considered, and what it gains where the detections of one error type are taken out. */
  average_mAP_N: number;
  gain: Record<ErrorType, number>;
}

/**
 * What instances are told apart by: `coverage`, their length as a fraction of their video's duration; `length` in seconds;
 * `num_instances`, how many instances of their label their video has.
 */
export const characteristics = ['coverage', 'length', 'num_instances'] as const;
export type Characteristic = (typeof characteristics)[number];

/** The instances whose characteristic lies in (above, up_to]; null: no bound. */
export interface Bucket {
  name: 'XS' | 'S' | 'M' | 'L' | 'XL';
  above: number;
  up_to: number | null;
  /** Instances in it. */
  instances: number;
}

/** DETAD's sensitivity analysis. */
export interface SensitivityBucket extends Bucket {
  /** As if there were no other instances; the mean over the classes that have one here. null where the bucket is empty. */
  average_mAP_N: number | null;
}

/** DETAD's false negative analysis. */
export interface FalseNegativeBucket extends Bucket {
  /** Share of its instances that no detection claims at a normalised precision above 5 %. null where the bucket is empty. */
  missed: number | null;
}

/** Which labels are taken for which, at the lowest threshold, by the best G detections of each class. */
export interface LabelConfusion {
  tiou: number;
  labels: string[];
  /** `[truth][predicted]`: detections on an instance: the one they claim, otherwise the one they overlap most, tIoU ≥ the threshold. */
  detections: number[][];
  /** `[predicted]`: detections on no instance. */
  background: number[];
  /** `[truth]`: instances that none of these detections claims. */
  missed: number[];
}
