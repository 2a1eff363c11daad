import type { FeatureStore, Features } from '../../checkpoints/feature-store.js';
import type { Video } from '../../data/dataset.js';
import { Stopped, type WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { breathe } from '../../system/signals.js';
import { Due } from '../../train/due.js';
import { fullFidelityFeatures } from '../encoder/full-fidelity.js';
import { openEncoder, trainedEncoder, type LoadedEncoder } from '../encoder/run-encoder.js';
import type { Run } from '../run/run.js';
import type { Stage } from '../stage.js';
import { onceThereIsSpace, unlessDiskFull } from '../training/full-disk.js';
import { featureStore } from './extracted-features.js';
import { say } from '../../system/say.js';

/**
 * Stage 3a: computes features of every usable video at full fidelity with the frozen encoder, and of training videos in
 * `head.views` - 1 further views. After an interruption it resumes; if files of videos have changed, only their
 * features are made anew.
 */
export const extract: Stage = {
  name: 'extract',
  // No inputs: the feature store identifies features by encoder, configuration and file.
  inputs: () => Promise.resolve({ inputs: {}, classes: null }),
  async run(run) {
    const encoder = trainedEncoder(run);
    const todo = Array.from({ length: run.config.head.views }, (_, view) => viewToDo(run, encoder.sha256, view));
    if (todo.every(({ waiting }) => waiting === null)) return;
    using loaded = openEncoder(run, encoder);
    // View 0 comes last, because summaries name its store, and should do so only once all views are there.
    await makeFeatures(run, loaded, todo.slice().reverse());
  },
};

/** One view: its feature store, and the videos that have no features there yet (null if the store is finished). */
interface ViewToDo {
  view: number;
  store: FeatureStore;
  waiting: readonly Video[] | null;
}

function viewToDo(run: Run, encoderSha256: string, view: number): ViewToDo {
  const store = featureStore(run, encoderSha256, view);
  if (run.policy.resume !== 'never' && store.finished()) return { view, store, waiting: null };
  store.verify();
  const seen = run.dataset.videos.filter(({ subset }) => view === 0 || subset === run.config.data.trainOn);
  return { view, store, waiting: seen.filter(({ id, problem }) => problem === undefined && !store.has(id)) };
}

async function makeFeatures(run: Run, loaded: LoadedEncoder, todo: readonly ViewToDo[]): Promise<void> {
  const total = todo.reduce((sum, { waiting }) => sum + (waiting?.length ?? 0), 0);
  const progress = startProgress('extract', total);
  const due = new Due({ steps: null, minutes: run.config.checkpoint.everyMinutes });
  const whereThereIsSpace = (write: () => unknown) => onceThereIsSpace('features', run.stop, write);
  let done = 0;
  try {
    for (const { view, store, waiting } of todo) {
      if (waiting === null) continue;
      const flush = () => {
        store.flush();
      };
      try {
        for await (const { video, features, error } of fullFidelityFeatures(run, loaded, waiting, view)) {
          if (error) leaveOut(run, error);
          else
            await whereThereIsSpace(() => {
              putOrFlush(store, video.id, features);
            });
          progress.step(++done, video.id);
          run.heartbeat.beat('extract', done, total);
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
      await whereThereIsSpace(() => store.finish({ latest: view === 0 }));
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
