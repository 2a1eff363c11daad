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
  const contents = new Map(dataset.videos.map((video) => [video.id, contentOf(video)]));
  return new FeatureStore(folder, featuresOf(config, encoderSha256, view), (id) => contents.get(id) ?? '');
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
