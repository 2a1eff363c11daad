import type { Features } from '../../checkpoints/feature-store.js';
import type { Origin } from '../../checkpoints/run-store.js';
import type { Video } from '../../data/dataset.js';

/** The features that a run's head sees, wherever they come from. */
export interface FeatureSource {
  /** The encoder that they were made with, by its content; null where they are published ones. */
  readonly made: Origin | null;
  readonly channels: number;
  /** What the features of trained and validated videos are today, by their content. Nothing is read for it. */
  content(): Origin;
  /**
   * The usable videos of a subset; there may be none.
   *
   * @throws WorkError when some are not usable, unless `data.missing` leaves them out.
   */
  videos(subset: string): Video[];
  has(id: string): boolean;
  /** The features of a video, verified. Throws {@link LofiError} when they are damaged, or there are none. */
  get(id: string): Features;
  /** The features of a training video in `count` views (`head.views`), the first that of {@link get}. Throws as it does. */
  views(id: string, count: number): Features[];
}
