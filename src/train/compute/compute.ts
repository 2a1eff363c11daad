import type * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../../models/encoders/encoder.js';
import type { Parameters } from '../../models/parameters.js';
import type { GradientsByPart, ItemOptions, LossTensors } from '../gradients.js';

/** The items `from` ≤ i < `to` of a batch, which go through the network together. */
export interface MicroBatch {
  from: number;
  to: number;
}

/** How the loss of a micro-batch is computed. */
export type Forward =
  | {
      /**
       * The encoder has its own backward pass (`record`); everything after its features is differentiated by the tape.
       */
      through: 'encoder';
      record: (micro: MicroBatch) => EncoderRecord;
      loss: (micro: MicroBatch, features: tf.Tensor3D) => LossTensors;
    }
  | {
      /** The tape differentiates everything. */
      through: 'tape';
      loss: (micro: MicroBatch) => LossTensors;
    };

/** Loss and gradients of a batch. */
export interface ComputedBatch {
  /** The mean loss of the items. */
  loss: number;
  /** The mean of their weighted losses, of which the gradients are. */
  weighted: number;
  terms: Record<string, number>;
  /** Sums over the micro-batches, each weighted by its share of the batch's items. The caller owns them. */
  gradients: GradientsByPart;
  /** The loss of each item, in order; null where they were not requested. */
  items: Float32Array | null;
}

/**
 * Computes loss and gradients of a batch, micro-batch by micro-batch. Every implementation sums the results in the
 * order of the micro-batches, so that the result is the same to the bit. Batch statistics go to the collectors of the
 * parts.
 *
 * @param sizes - Items in each micro-batch.
 */
export type Compute = (
  parts: ReadonlyMap<string, Parameters>,
  sizes: readonly number[],
  forward: Forward,
  items: ItemOptions,
) => ComputedBatch;
