import type { Features } from '../../checkpoints/feature-store.js';
import type { Origin } from '../../checkpoints/run-store.js';
import type { Video } from '../../data/dataset.js';
import { trainedEncoder } from '../encoder/run-encoder.js';
import { featureStore } from './extract.js';
import { publishedFeatures } from './published-features.js';
import { readableVideos, type Run } from '../run/run.js';

/** The features that a run's head sees: its own, which `extract` left, or published ones. */
export interface FeatureSource {
  /** What they were made with, by content: the parent of a head that is trained on them. */
  readonly reference: Origin;
  readonly channels: number;
  /** The usable videos of a subset; there may be none. Throws {@link WorkError} when some are not, unless `data.missing` leaves them out. */
  videos(subset: string): Video[];
  has(id: string): boolean;
  /** Of a video, verified. Throws {@link LofiError} when they are damaged, or there are none. */
  get(id: string): Features;
  /** Of a training video in so many views (`head.views`), the first that of {@link get}. Throws as it does. */
  views(id: string, count: number): Features[];
}

/** Where the features of a run come from. Throws {@link UsageError} where there is no trained encoder, or the published ones do not fit. */
export function openFeatures(run: Run): FeatureSource {
  return run.config.data.features === null ? extractedFeatures(run) : publishedFeatures(run, run.config.data.features);
}

function extractedFeatures(run: Run): FeatureSource {
  const { encoder, parameters, reference } = trainedEncoder(run);
  parameters.dispose();
  const store = featureStore(run, reference.sha256);
  const stores = [store];
  const storeOf = (view: number) => (stores[view] ??= featureStore(run, reference.sha256, view));
  return {
    reference,
    channels: encoder.channels,
    videos: (subset) => readableVideos(run, subset),
    has: (id) => store.has(id),
    get: (id) => store.get(id),
    views(id, count) {
      const all = Array.from({ length: count }, (_, view) => storeOf(view));
      const having = run.config.data.missing === 'skip' ? all.filter((one) => one.has(id)) : all;
      return having.map((one) => one.get(id));
    },
  };
}
