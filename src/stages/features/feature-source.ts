import type { Features } from '../../checkpoints/feature-store.js';
import type { Origin } from '../../checkpoints/run-store.js';
import type { Video } from '../../data/dataset.js';

/** The features that a run's head is trained on: its own, or published ones. */
export interface FeatureSource {
  /** The checkpoint of the encoder that made them; null for published features. */
  readonly made: Origin | null;
  /** Channels of a feature, C. */
  readonly channels: number;
  /** The hash of the present features of training and validation videos. Reads no features. */
  content(): Origin;
  /**
   * The usable videos of a subset, possibly none.
   *
   * @throws WorkError when some are not usable, unless `data.missing` is `skip`.
   */
  videos(subset: string): Video[];
  /** Whether a video has features. */
  has(id: string): boolean;
  /** Reads the features of a video, verified. Throws {@link LofiError} when they are damaged or missing. */
  get(id: string): Features;
  /** The features of a training video in `count` views (`head.views`), first that of {@link get}. Throws like it. */
  views(id: string, count: number): Features[];
}
