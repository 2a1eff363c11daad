import type { State } from '../../models/state.js';

/** What a source remembers between two points at which it moves: plain JSON, and arrays that are too long for that. */
export interface SourceState {
  readonly values: unknown;
  readonly tensors: State;
}

/** The state of a source that remembers nothing. */
export const stateless: SourceState = { values: null, tensors: new Map() };

/** An item that was trained on, and its loss then. */
export interface SeenItem {
  readonly id: string;
  readonly loss: number;
}

/**
 * Where the batches of a training stage come from. The same state gives the same batches: the state is an argument, kept
 * by the training loop and its checkpoints, and never by the source itself.
 *
 * The state moves at declared points only: after every `every` batches of an epoch, and at its end. Batches are read
 * ahead up to the next such point and not beyond it, so that reading ahead cannot outrun the state.
 */
export interface BatchSource<B> {
  /** The state before the first epoch. */
  readonly initial: SourceState;
  /** Batches from one point to the next; absent: the state moves at the end of an epoch. */
  readonly every?: number;
  /** The batches number `from` ≤ i < `to` of an epoch, both counted from 0. */
  batches(state: SourceState, epoch: number, from: number, to: number): AsyncIterable<B>;
  /**
   * The state after a point, from what was trained on since the one before, in order. Absent: the state never moves, and
   * losses of single items are not computed.
   */
  next?(state: SourceState, seen: readonly SeenItem[]): SourceState;
}

/** The number of the batch at which the state moves next, once `done` of an epoch's `total` batches are done. */
export function nextPoint(
  { every = Infinity }: Pick<BatchSource<unknown>, 'every'>,
  done: number,
  total: number,
): number {
  return Math.min(total, (Math.floor(done / every) + 1) * every);
}

/** A source without state, from a function of epoch and batch numbers. */
export function statelessSource<B>(
  batches: (epoch: number, from: number, to: number) => AsyncIterable<B>,
): BatchSource<B> {
  return { initial: stateless, batches: (_, epoch, from, to) => batches(epoch, from, to) };
}
