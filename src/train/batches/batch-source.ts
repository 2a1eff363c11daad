import type { State } from '../../models/state.js';

/** The state of a {@link BatchSource}: `values` is plain JSON, `tensors` holds arrays that are too long for JSON. */
export interface SourceState {
  readonly values: unknown;
  readonly tensors: State;
}

/** The state of a source that remembers nothing. */
export const stateless: SourceState = { values: null, tensors: new Map() };

/** An item that was trained on, and the loss that it had in that step. */
export interface SeenItem {
  readonly id: string;
  readonly loss: number;
}

/**
 * The source of a training stage's batches. The same state gives the same batches. The state is an argument: the
 * training loop and its checkpoints keep it, the source itself does not.
 *
 * The state changes only at update points: after every `every` batches of an epoch, and at the end of the epoch.
 * Batches are read ahead up to the next update point and not beyond it, so that every batch is made from the state that
 * is current when it is trained on.
 */
export interface BatchSource<B> {
  /** The state before the first epoch. */
  readonly initial: SourceState;
  /** Batches between two update points; absent: the state is updated only at the end of an epoch. */
  readonly every?: number;
  /** Yields the batches `from` ≤ i < `to` of an epoch; epochs and batches count from 0. */
  batches(state: SourceState, epoch: number, from: number, to: number): AsyncIterable<B>;
  /**
   * The state after an update point. Where this method is absent, the state never changes, and the losses of single
   * items are not computed.
   *
   * @param seen - The items trained on since the last update point, in order.
   */
  next?(state: SourceState, seen: readonly SeenItem[]): SourceState;
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
