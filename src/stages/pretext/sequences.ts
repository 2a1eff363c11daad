import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../../config/schema.js';
import type { Random } from '../../engine/random.js';
import { concatenated } from '../../system/concatenated.js';
import type { Batch } from '../../train/loop.js';

/** Sequences that `pretext` learns from, which all have as many steps and as many numbers a step. */
export interface SequenceBatch extends Batch {
  /** Each `[steps, D]`, row-major. */
  sequences: readonly Float32Array[];
}

/** Where the stage's sequences come from. */
export interface SequenceData {
  /** Numbers of a step, D. */
  readonly channels: number;
  /** Sequences in an epoch. */
  readonly count: number;
  /**
   * Yields the batches of some items of an epoch, in their order.
   *
   * @param batches - The numbers of the items, from 0 and less than `count`, of each batch.
   */
  batches(epoch: number, batches: readonly (readonly number[])[]): AsyncIterable<SequenceBatch>;
  /**
   * All steps that the LSTM may see, in pieces `[n, D]`, by which they are standardised; null where they are seen as
   * they are.
   */
  readonly moments: (() => Iterable<{ data: Float32Array; shape: readonly [number, number] }>) | null;
}

/** The sequences of a video in an epoch: as many as would fill it side by side, each at a random place. */
export function sequencesOf(length: number, steps: number): number {
  return Math.floor(length / steps);
}

/** The first step of a random sequence. */
export function randomPlace(length: number, steps: number, random: Random): number {
  return random.below(length - steps + 1);
}

/**
 * The item that each sequence of an epoch is of, where an item of length l has `sequencesOf(l)` of them, and which of
 * them it is.
 */
export function placesOf(lengths: readonly number[], steps: number): { item: number; number: number }[] {
  return lengths.flatMap((length, item) =>
    Array.from({ length: sequencesOf(length, steps) }, (_, number) => ({ item, number })),
  );
}

/** The options of `pretext` where the stage is part of the run. */
export function pretextOf({ pretext }: Pick<Config, 'pretext'>): NonNullable<Config['pretext']> {
  if (pretext === null) throw new Error('pretext is not configured');
  return pretext;
}

/** Sequences `[T, D]` of one length as one tensor, time first: `[T, n, D]`. */
export function timeMajor(sequences: readonly Float32Array[], channels: number): tf.Tensor3D {
  const steps = sequences[0]!.length / channels;
  const x = tf.tensor3d(concatenated(sequences), [sequences.length, steps, channels]);
  const turned = tf.transpose<tf.Tensor3D>(x, [1, 0, 2]);
  x.dispose();
  return turned;
}
