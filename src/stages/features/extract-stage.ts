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

/**
 * Stage 3a: features of every usable video at full fidelity by the frozen encoder, and of training videos in
 * `head.views` - 1 more views. It goes on where it was interrupted, and makes anew only the features of videos whose
 * files have changed.
 */
export const extract: Stage = {
  name: 'extract',
  // Its store knows features by encoder, configuration and file.
  inputs: () => Promise.resolve({ inputs: {}, classes: null }),
  async run(run) {
    const encoder = trainedEncoder(run);
    const todo = Array.from({ length: run.config.head.views }, (_, view) => viewToDo(run, encoder.sha256, view));
    if (todo.every(({ waiting }) => waiting === null)) return;
    using loaded = openEncoder(run, encoder);
    // View 0 comes last: the summary of a run names it once all views are there.
    await makeFeatures(run, loaded, todo.slice().reverse());
  },
};

/** Videos that have no features yet in one of their views, and the store that takes them; null where all is finished. */
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
