import type { State } from '../../models/state.js';
import type { Sampling } from './draw.js';

/** The state of a {@link BatchSource}: `values` is plain JSON, `tensors` holds arrays that are too long for JSON. */
export interface SourceState {
  readonly values: unknown;
  readonly tensors: State;
}

/** The state of a source that remembers nothing. */
export const stateless: SourceState = { values: null, tensors: new Map() };

/** A batch that was trained on, and the losses that its items had in that step. */
export interface SeenBatch {
  /** Its fidelity. */
  readonly shape: string;
  /** Numbers of the items in the stage's list of items. */
  readonly items: readonly number[];
  /** The loss of each, without its weight. */
  readonly losses: readonly number[];
  /** What importance sampling told of the batch; null where its items were not chosen by a score. */
  readonly sampling: Pick<Sampling, 'mean' | 'gain'> | null;
}

/**
 * The source of a training stage's batches. The same state gives the same batches. The state is an argument: the
 * training loop and its checkpoints keep it, the source itself does not.
 *
 * The state changes only at update points: after every `every` batches of an epoch, and at the end of the epoch.
 * Batches are read ahead up to the next update point and not beyond it, so that every batch is made from the state that
 * is current when it is trained on. A source with an update point after every batch may also ask the model that is
 * trained, whose parameters are those of that point.
 */
export interface BatchSource<B> {
  /** The state before the first epoch. */
  readonly initial: SourceState;
  /** Batches between two update points; absent: the state is updated only at the end of an epoch. */
  readonly every?: number;
  /** Yields the batches `from` ≤ i < `to` of an epoch; epochs and batches count from 0. */
  batches(state: SourceState, epoch: number, from: number, to: number): AsyncIterable<B>;
  /**
   * The state after an update point. A source that has this method says of each batch which items are `drawn`. Where
   * this method is absent, the state never changes, and the losses of single items are not computed.
   *
   * @param seen - The batches trained on since the last update point, in order.
   */
  next?(state: SourceState, seen: readonly SeenBatch[]): SourceState;
}

/** The next update point, as a number of batches, once `done` of an epoch's `total` batches are done. */
export function nextPoint(
  { every = Infinity }: Pick<BatchSource<unknown>, 'every'>,
  done: number,
  total: number,
): number {
  return Math.min(total, (Math.floor(done / every) + 1) * every);
}

/** Makes a source without state from a function of epoch and batch numbers. */
export function statelessSource<B>(
  batches: (epoch: number, from: number, to: number) => AsyncIterable<B>,
): BatchSource<B> {
  return { initial: stateless, batches: (_, epoch, from, to) => batches(epoch, from, to) };
}
