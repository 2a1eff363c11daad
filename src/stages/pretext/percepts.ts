import type { Features } from '../../checkpoints/feature-store.js';
import { hashTensors } from '../../checkpoints/formats/tensor.js';
import type { Video } from '../../data/dataset.js';
import { snippetsEvery } from '../../data/views/sampling.js';
import { exportParts } from '../../models/parts.js';
import { freshEncoder } from '../encoder/run-encoder.js';
import { featureStore, unlabelledStore } from '../features/extracted-features.js';
import type { FeatureSource } from '../features/feature-source.js';
import { fillStores, type Filling } from '../features/fill-stores.js';
import { videosWithFeatures } from '../features/open-features.js';
import type { Run } from '../run/run.js';
import { toTensors } from '../training/snapshot.js';
import type { PretextVideos } from './unlabelled.js';

/** A video as `pretext` sees it through features: "percepts" (Srivastava et al. 2015). */
export interface PerceivedVideo {
  id: string;
  /** Number of snippets. */
  snippets: number;
  /** Reads the features `[snippets, C]`. Nothing is kept, so that any number of videos needs no more memory. */
  read(): Features;
}

/** The features that `pretext` learns from. */
export interface Percepts {
  /** C. */
  channels: number;
  videos: readonly PerceivedVideo[];
}

/**
 * Makes the features of videos at full fidelity by the encoder as it was given, where they are not there yet. Those of
 * training videos are the ones that `extract` would make, and lie in its store; those of `data.unlabelled` lie in a
 * store of their own.
 */
export async function makePercepts(run: Run, { training, unlabelled }: PretextVideos): Promise<Percepts> {
  using loaded = freshEncoder(run.config);
  const sha256 = hashTensors(toTensors(exportParts({ encoder: loaded.parameters })));
  const [own, others] = [featureStore(run, sha256), unlabelledStore(run, unlabelled, sha256)];
  own.verify();
  others.verify();
  const waiting = (store: typeof own, videos: readonly Video[]) => videos.filter(({ id }) => !store.has(id));
  const fillings: Filling[] = [
    // `extract` adds the other videos to this store, and finishes it.
    { store: own, videos: waiting(own, training), view: 0, finish: () => { own.flush(); } }, // prettier-ignore
    { store: others, videos: waiting(others, unlabelled), view: 0, finish: () => others.finish({ latest: false }) },
  ];
  const missing = fillings.filter(({ videos }) => videos.length > 0);
  if (missing.length > 0) await fillStores(run, loaded, 'pretext', missing);
  const { full, model, data } = run.config;
  const perceived = (store: typeof own, videos: readonly Video[]) =>
    videos
      .filter(({ id }) => store.has(id))
      .map((video) => ({
        id: video.id,
        snippets: model.window ? snippetsEvery(model.window.every, video, data.fps) : full.snippets,
        read: () => store.get(video.id),
      }));
  return {
    channels: loaded.encoder.channels,
    videos: [...perceived(own, training), ...perceived(others, unlabelled)],
  };
}

/** The features of all training videos of a source. */
export function perceptsOf(source: FeatureSource, trainOn: string): Percepts {
  const videos = videosWithFeatures(source, trainOn).map(({ id }) => ({
    id,
    snippets: source.get(id).shape[0],
    read: () => source.get(id),
  }));
  return { channels: source.channels, videos };
}
