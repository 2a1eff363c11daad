import { FeatureStore, featureKey, type Features } from '../checkpoints/features.js';
import { configHash } from '../config/hash.js';
import type { Config } from '../config/schema.js';
import { Stopped, type WorkError } from '../system/errors.js';
import { startProgress } from '../system/progress.js';
import { breathe } from '../system/signals.js';
import { Due } from '../train/due.js';
import { trainedEncoder } from './encoder.js';
import { onceThereIsSpace, unlessDiskFull } from './full-disk.js';
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
    const due = new Due({ steps: null, minutes: run.config.checkpoint.everyMinutes });
    const whereThereIsSpace = (write: () => unknown) => onceThereIsSpace('features', run.stop, write);
    const flush = () => {
      store.flush();
    };
    let done = 0;
    try {
      for await (const { video, features, error } of fullFidelityFeatures(run, loaded, waiting)) {
        if (error) leaveOut(run, error);
        else
          await whereThereIsSpace(() => {
            putOrFlush(store, video.id, features);
          });
        progress.step(++done, video.id);
        run.heartbeat.beat('extract', done, waiting.length);
        if (due.is(done)) {
          await whereThereIsSpace(flush);
          due.done();
        }
        await breathe(run.stop);
      }
    } catch (error) {
      if (error instanceof Stopped) unlessDiskFull('features', flush);
      throw error;
    }
    progress.stop();
    await whereThereIsSpace(() => store.finish());
    return store;
  } finally {
    loaded.parameters.dispose();
  }
}

/** A store that takes features may write what waits in it; where that failed, they are in it all the same. */
function putOrFlush(store: FeatureStore, id: string, features: Features): void {
  if (store.has(id)) store.flush();
  else store.put(id, features);
}

/** Throws why a video has no features, unless `data.missing` leaves it out. */
function leaveOut({ config }: Run, error: WorkError): void {
  if (config.data.missing === 'fail') throw error;
  process.stderr.write(`warning: left out: ${error.message}\n`);
}

/** The features that stages after `extract` read: those of today's encoder at today's fidelity, whatever else lies there. */
export function featureStore({ folder, config }: Run, encoderSha256: string): FeatureStore {
  return new FeatureStore(folder, featuresOf(config, encoderSha256));
}

/** The name under which a run keeps its features, by all that they depend on. */
export function featuresOf(config: Config, encoderSha256: string): string {
  const { window } = config.model;
  const rate = window && { every: window.every };
  return featureKey({ encoder: encoderSha256, config: configHash(config, 'extract'), ...rate });
}
