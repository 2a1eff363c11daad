import type { BatchSource, SeenBatch, SourceState } from '../batches/batch-source.js';
import type { Draw } from '../batches/draw.js';

/** The batches that a sampler fills, and what it may know of the items. */
export interface Slots {
  /** Number of items in each batch of an epoch. */
  readonly sizes: (epoch: number) => readonly number[];
  /** Fidelity of a batch. An item's losses are compared within one fidelity only. */
  readonly shape: (epoch: number, batch: number) => string;
  /** The classes of each item, as numbers; an item without any is background. */
  readonly classes: readonly (readonly number[])[];
  /** Number of classes that there are. */
  readonly classCount: number;
}

/** Chooses the items of each batch of a stage. The same state gives the same batches, as for {@link BatchSource}. */
export interface Sampler {
  readonly initial: SourceState;
  /** As of {@link BatchSource}. */
  readonly every?: number;
  /** The batches of an epoch by their number; called for those between two update points only. */
  epoch(state: SourceState, epoch: number): (batch: number) => Draw;
  next?(state: SourceState, seen: readonly SeenBatch[]): SourceState;
}

/** Makes a batch source of a sampler, and of a function that reads the batches that it chose. */
export function sampledSource<B>(
  sampler: Sampler,
  batches: (draw: (batch: number) => Draw, at: { epoch: number; from: number; to: number }) => AsyncIterable<B>,
): BatchSource<B> {
  return {
    ...sampler,
    batches: (state, epoch, from, to) => batches(sampler.epoch(state, epoch), { epoch, from, to }),
  };
}
