/** Start and end of an instance, a proposal or a detection, in seconds. */
export type Segment = [start: number, end: number];

/** One labelled segment of ground truth. */
export interface Annotation {
  segment: Segment;
  label: string;
}

/** One scored, labelled segment of a prediction file. `label` may be empty where only proposals are judged. */
export interface Detection {
  segment: Segment;
  score: number;
  label: string;
}

/** One video of a ground-truth file; `duration` in seconds. */
export interface VideoTruth {
  subset: string;
  duration?: number;
  annotations: Annotation[];
  /** Stretches that nobody has labelled (only in dataset files); what is found there is not judged. */
  unlabelled?: Segment[];
}

/** ActivityNet ground truth: videos by id, in file order. */
export interface GroundTruth {
  database: Record<string, VideoTruth>;
}

/** ActivityNet predictions: detections by video id, in file order (it decides between tied scores). */
export interface Predictions {
  version?: string;
  results: Record<string, Detection[]>;
  external_data?: unknown;
}
