import { FeatureStore, featureKey } from '../../checkpoints/feature-store.js';
import { configHash } from '../../config/hash.js';
import type { Config } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import type { Run } from '../run/run.js';

/**
 * Opens the store of a run's features in one view: those of the given encoder, made with the present configuration and
 * from the present content of the videos' files.
 */
export function featureStore(
  { folder, config, dataset }: Pick<Run, 'folder' | 'config' | 'dataset'>,
  encoderSha256: string,
  view = 0,
): FeatureStore {
  return new FeatureStore(folder, featuresOf(config, encoderSha256, view), contentsOf(dataset.videos));
}

/** Bytes of features without labels that wait in memory to be written: there may be any number of such videos. */
const unlabelledShard = 2 ** 24;

/** Opens the store of the features of videos without labels (`data.unlabelled`), as {@link featureStore} does. */
export function unlabelledStore(
  { folder, config }: Pick<Run, 'folder' | 'config'>,
  videos: readonly Video[],
  encoderSha256: string,
): FeatureStore {
  const key = featureKey({ features: featuresOf(config, encoderSha256), unlabelled: true });
  return new FeatureStore(folder, key, contentsOf(videos), unlabelledShard);
}

/** The content that the features of each video have to be made of. */
function contentsOf(videos: readonly Video[]): (id: string) => string {
  const contents = new Map(videos.map((video) => [video.id, contentOf(video)]));
  return (id) => contents.get(id) ?? '';
}

/** What the features of a video depend on: its file, and the stream and the times of frames that were read from it. */
function contentOf({ file, stream, times }: Video): string {
  const read = stream === undefined && times === undefined ? '' : JSON.stringify({ stream, times });
  return (file?.sha256 ?? '') + read;
}

/** The name of a run's feature store, a hash of everything that the features depend on except the videos. */
export function featuresOf(config: Config, encoderSha256: string, view = 0): string {
  const { window } = config.model;
  const rate = window && { every: window.every };
  const extra = view > 0 && { view };
  return featureKey({ encoder: encoderSha256, config: configHash(config, 'extract'), ...rate, ...extra });
}
