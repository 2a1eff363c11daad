import { hashOfHashes } from '../../checkpoints/formats/tensor.js';
import type { Origin } from '../../checkpoints/run-store.js';
import type { Video } from '../../data/dataset.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import { trainedEncoder } from '../encoder/run-encoder.js';
import type { Run } from '../run/run.js';
import { readableVideos } from '../run/usable-videos.js';
import { featureStore } from './extracted-features.js';
import { publishedFeatures } from './published-features.js';
import type { FeatureSource } from './feature-source.js';

/**
 * Opens the features of a run: its own, which `extract` left, or published ones.
 *
 * @throws UsageError where there is no trained encoder, or the published features do not fit.
 */
export function openFeatures(run: Run): FeatureSource {
  return run.config.data.features === null ? extractedFeatures(run) : publishedFeatures(run, run.config.data.features);
}

function extractedFeatures(run: Run): FeatureSource {
  const { config } = run;
  const encoder = trainedEncoder(run);
  const store = featureStore(run, encoder.sha256);
  const stores = [store];
  const storeOf = (view: number) => (stores[view] ??= featureStore(run, encoder.sha256, view));
  return {
    made: encoder,
    channels: buildEncoder(config.encoder).channels,
    content() {
      const { trainOn, validateOn } = config.data;
      const used = run.dataset.videos.filter(({ subset }) => subset === trainOn || subset === validateOn);
      const hashes = used.flatMap(({ id, subset }) =>
        Array.from({ length: subset === trainOn ? config.head.views : 1 }, (_, view): [string, string] => [
          `${view}/${id}`,
          storeOf(view).sha256(id) ?? 'none',
        ]),
      );
      return { stage: 'extract', step: used.length, sha256: hashOfHashes(hashes) };
    },
    videos: (subset) => readableVideos(run, subset),
    has: (id) => store.has(id),
    get: (id) => store.get(id),
    views(id, count) {
      const all = Array.from({ length: count }, (_, view) => storeOf(view));
      const having = config.data.missing === 'skip' ? all.filter((one) => one.has(id)) : all;
      return having.map((one) => one.get(id));
    },
  };
}

/** Where a stage on features starts: at what they were made with, and at the features themselves. */
export function featureOrigins(source: FeatureSource): Origin[] {
  const content = source.content();
  return source.made === null ? [content] : [source.made, content];
}

/** The videos of a subset that have features. */
export function videosWithFeatures(source: FeatureSource, subset: string): Video[] {
  return source.videos(subset).filter(({ id }) => source.has(id));
}
