import type { FeatureStore } from '../../checkpoints/feature-store.js';
import type { Video } from '../../data/dataset.js';
import { openEncoder, trainedEncoder } from '../encoder/run-encoder.js';
import type { Run } from '../run/run.js';
import type { Stage } from '../stage.js';
import { featureStore } from './extracted-features.js';
import { fillStores, type Filling } from './fill-stores.js';

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
    await run.team.alone(() => extractAll(run));
  },
};

async function extractAll(run: Run): Promise<void> {
  const encoder = trainedEncoder(run);
  const todo = Array.from({ length: run.config.head.views }, (_, view) => viewToDo(run, encoder.sha256, view));
  if (todo.every(({ waiting }) => waiting === null)) return;
  using loaded = openEncoder(run, encoder);
  // View 0 comes last, because summaries name its store, and should do so only once all views are there.
  await fillStores(run, loaded, 'extract', todo.slice().reverse().flatMap(fillingOf));
}

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

function fillingOf({ view, store, waiting }: ViewToDo): Filling[] {
  if (waiting === null) return [];
  return [{ view, store, videos: waiting, finish: () => store.finish({ latest: view === 0 }) }];
}
