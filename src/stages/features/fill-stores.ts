import type { FeatureStore, Features } from '../../checkpoints/feature-store.js';
import type { StageName } from '../../config/stages.js';
import type { Video } from '../../data/dataset.js';
import { Stopped, type WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { say } from '../../system/say.js';
import { breathe } from '../../system/signals.js';
import { Due } from '../../train/due.js';
import { fullFidelityFeatures } from '../encoder/full-fidelity.js';
import type { LoadedEncoder } from '../encoder/run-encoder.js';
import type { Run } from '../run/run.js';
import { onceThereIsSpace, unlessDiskFull } from '../training/full-disk.js';

/** A feature store, and the videos that have no features there yet. */
export interface Filling {
  store: FeatureStore;
  videos: readonly Video[];
  /** The view in which the videos are seen; 0: that of detection. */
  view: number;
  /** Called once the store has them all. */
  finish: (store: FeatureStore) => void;
}

/**
 * Computes features at full fidelity, store by store. What is done is written from time to time and when the run is
 * stopped, so that a later call goes on from there. At most a shard of features is in memory.
 *
 * @param stage - The stage that the work belongs to, for progress.
 * @throws WorkError when a video cannot be read, unless `data.missing` is `skip`; Stopped.
 */
export async function fillStores(
  run: Run,
  loaded: LoadedEncoder,
  stage: StageName,
  fillings: readonly Filling[],
): Promise<void> {
  const total = fillings.reduce((sum, { videos }) => sum + videos.length, 0);
  const progress = startProgress(stage === 'extract' ? stage : `${stage}: features`, total);
  const due = new Due({ steps: null, minutes: run.config.checkpoint.everyMinutes });
  const whereThereIsSpace = (write: () => unknown) => onceThereIsSpace('features', run.stop, write);
  let done = 0;
  try {
    for (const { store, videos, view, finish } of fillings) {
      const flush = () => {
        store.flush();
      };
      try {
        for await (const { video, features, error } of fullFidelityFeatures(run, loaded, videos, view)) {
          if (error) leaveOut(run, error);
          else
            await whereThereIsSpace(() => {
              putOrFlush(store, video.id, features);
            });
          progress.step(++done, video.id);
          run.heartbeat.beat(stage, done, total);
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
      await whereThereIsSpace(() => {
        finish(store);
      });
    }
  } finally {
    progress.stop();
  }
}

/**
 * Puts features into a store, which may write to disk. If that failed, they are in the store already and only written.
 */
function putOrFlush(store: FeatureStore, id: string, features: Features): void {
  if (store.has(id)) store.flush();
  else store.put(id, features);
}

/** Throws the error of a video without features, or warns where `data.missing` is `skip`. */
function leaveOut({ config }: Run, error: WorkError): void {
  if (config.data.missing === 'fail') throw error;
  say(`warning: left out: ${error.message}`);
}
