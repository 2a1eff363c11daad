import type * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../../models/encoders/encoder.js';
import type { Parameters } from '../../models/parameters.js';
import type { GradientsByPart, LossTensors } from '../gradients.js';

/** Items of a batch that go through the network together: `from` ≤ i < `to`. */
export interface MicroBatch {
  from: number;
  to: number;
}

/** How the loss of a micro-batch comes about. */
export type Forward =
  | {
      /** Through the part `encoder` by hand, and from its features on the tape. */
      through: 'encoder';
      record: (micro: MicroBatch) => EncoderRecord;
      loss: (micro: MicroBatch, features: tf.Tensor3D) => LossTensors;
    }
  | {
      /** All on the tape. */
      through: 'tape';
      loss: (micro: MicroBatch) => LossTensors;
    };

/** What a batch comes to. */
export interface ComputedBatch {
  loss: number;
  terms: Record<string, number>;
  /** Sums over the micro-batches, each by its share of the items; the caller's. */
  gradients: GradientsByPart;
  /** The loss of each item, in order; null where they were not asked for. */
  items: Float32Array | null;
}

/**
 * Computes loss and gradients of a batch by its micro-batches. Whoever computes them, the results of micro-batches are
 * summed in their order, so that the bits do not depend on it; batch statistics go to the collectors of the parts.
 *
 * @param sizes - Of the micro-batches, in items.
 * @param perItem - Whether the losses of single items are wanted.
 */
export type Compute = (
  parts: ReadonlyMap<string, Parameters>,
  sizes: readonly number[],
  forward: Forward,
  perItem: boolean,
) => ComputedBatch;
