import { FeatureStore, featureKey, type Features } from '../../checkpoints/feature-store.js';
import { configHash } from '../../config/hash.js';
import type { Config } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import { Stopped, type WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { breathe } from '../../system/signals.js';
import { Due } from '../../train/due.js';
import { trainedEncoder, type LoadedEncoder } from '../encoder/run-encoder.js';
import { onceThereIsSpace, unlessDiskFull } from '../training/full-disk.js';
import { fullFidelityFeatures } from '../encoder/full-fidelity.js';
import type { Run } from '../run/run.js';

/**
 * Stage 3a: features of every usable video at full fidelity, by the frozen encoder, and of training videos in `head.views` - 1 more views. Goes on
 * where it was interrupted.
 */
export async function extract(run: Run): Promise<FeatureStore> {
  const loaded = trainedEncoder(run);
  try {
    const todo = Array.from({ length: run.config.head.views }, (_, view) =>
      viewToDo(run, loaded.reference.sha256, view),
    );
    // View 0 last: what says that a run has its features is said of them all.
    await makeFeatures(run, loaded, todo.slice().reverse());
    return todo[0]!.store;
  } finally {
    loaded.parameters.dispose();
  }
}

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
  progress.stop();
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

/** The features that stages after `extract` read: those of today's encoder at today's fidelity, in one of their views, whatever else lies there. */
export function featureStore({ folder, config }: Run, encoderSha256: string, view = 0): FeatureStore {
  return new FeatureStore(folder, featuresOf(config, encoderSha256, view));
}

/** The name under which a run keeps its features, by all that they depend on. */
export function featuresOf(config: Config, encoderSha256: string, view = 0): string {
  const { window } = config.model;
  const rate = window && { every: window.every };
  const extra = view > 0 && { view };
  return featureKey({ encoder: encoderSha256, config: configHash(config, 'extract'), ...rate, ...extra });
}
