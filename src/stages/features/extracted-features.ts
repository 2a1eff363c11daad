import { FeatureStore, featureKey } from '../../checkpoints/feature-store.js';
import { configHash } from '../../config/hash.js';
import type { Config } from '../../config/schema.js';
import type { Run } from '../run/run.js';

/**
 * The store of the features that stages after `extract` read, in one of their views: those of an encoder at today's
 * fidelity, and of the videos' files as they are today, whatever else lies in the run folder.
 */
export function featureStore(
  { folder, config, dataset }: Pick<Run, 'folder' | 'config' | 'dataset'>,
  encoderSha256: string,
  view = 0,
): FeatureStore {
  const contents = new Map(dataset.videos.map(({ id, file }) => [id, file?.sha256 ?? '']));
  return new FeatureStore(folder, featuresOf(config, encoderSha256, view), (id) => contents.get(id) ?? '');
}

/** The name under which a run keeps its features, made of all that they depend on but the videos. */
export function featuresOf(config: Config, encoderSha256: string, view = 0): string {
  const { window } = config.model;
  const rate = window && { every: window.every };
  const extra = view > 0 && { view };
  return featureKey({ encoder: encoderSha256, config: configHash(config, 'extract'), ...rate, ...extra });
}
