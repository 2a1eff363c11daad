import type { Origin } from '../../checkpoints/run-store.js';
import type { State } from '../../models/state.js';
import { UsageError } from '../../system/errors.js';
import type { Run } from '../run/run.js';
import { toState } from '../training/snapshot.js';
import type { FeatureSource } from './feature-source.js';

/** What `pretext` has learnt of features. */
export interface PretrainedSequence {
  readonly origin: Origin;
  /** Reads its tensors, as checkpoints name them: `sequence.…`. */
  state: () => State;
}

/**
 * What `pretext` has learnt of a run's features; null where it is no stage of the run, or learns from something
 * else.
 *
 * @throws UsageError when the stage is not finished, or the features are no longer those of the encoder as it was
 *   given, from which it has learnt.
 */
export function pretrainedSequence(
  { config, store, folder }: Pick<Run, 'config' | 'store' | 'folder'>,
  { made }: Pick<FeatureSource, 'made'>,
): PretrainedSequence | null {
  if (config.pretext?.data !== 'features') return null;
  const origin = store.finished('pretext');
  if (!origin) throw new UsageError(`pretext is not finished in ${folder}: run \`lofi pretext\` first`);
  if (made?.stage === 'joint')
    throw new UsageError(
      `pretext in ${folder} has learnt from features of the encoder as it was given, and joint has changed it since: ` +
        'give another --run, or set pretext=null',
    );
  return { origin, state: () => toState(store.load('pretext', origin.step)!.tensors) };
}
