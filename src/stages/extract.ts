import { FeatureStore, featureKey } from '../checkpoints/features.js';
import { configHash } from '../config/hash.js';
import { startProgress } from '../system/progress.js';
import { trainedEncoder } from './encoder.js';
import { fullFidelityFeatures } from './full-fidelity.js';
import type { Run } from './run.js';

/** Stage 3a: features of every usable video at full fidelity, by the frozen encoder. Goes on where it was interrupted. */
export async function extract(run: Run): Promise<FeatureStore> {
  const loaded = trainedEncoder(run);
  const store = featureStore(run, loaded.reference.sha256);
  try {
    if (run.policy.resume !== 'never' && store.finished()) return store;
    store.verify();
    const waiting = run.dataset.videos.filter((video) => video.problem === undefined && !store.has(video.id));
    const progress = startProgress('extract', waiting.length);
    let done = 0;
    let saved = Date.now();
    for await (const { video, features, error } of fullFidelityFeatures(run, loaded, waiting)) {
      if (error) throw error;
      store.put(video.id, features);
      progress.step(++done, video.id);
      if (Date.now() - saved > saveEveryMs) {
        store.flush();
        saved = Date.now();
      }
    }
    progress.stop();
    store.finish();
    return store;
  } finally {
    loaded.parameters.dispose();
  }
}

const saveEveryMs = 60_000;

/** The features that stages after `extract` read: those of today's encoder at today's fidelity, whatever else lies there. */
export function featureStore({ folder, config }: Run, encoderSha256: string): FeatureStore {
  const { window } = config.model;
  const rate = window && { every: window.every };
  return new FeatureStore(
    folder,
    featureKey({ encoder: encoderSha256, config: configHash(config, 'extract'), ...rate }),
  );
}
