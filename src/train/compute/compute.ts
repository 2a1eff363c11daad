import type * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../../models/encoders/encoder.js';
import type { GradientsByPart, ItemOptions, LossTensors } from '../gradients.js';
import type { Division, MicroBatch } from '../ranks/division.js';
import type { TrainedPart } from '../trained-parts.js';

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

/** Parts of a model by name. */
export type PartsByName = Readonly<Record<string, TrainedPart>>;

/**
 * Computes loss and gradients of a batch, micro-batch by micro-batch. Gradients and batch statistics are added up as a
 * balanced tree over the micro-batches, losses in their order, so that every implementation has the same result to the
 * bit. Batch statistics are left in the collectors of the parts.
 *
 * @param items - The weights are those of the items that this process has; losses are returned of all items.
 */
export type Compute = (parts: PartsByName, division: Division, forward: Forward, items: ItemOptions) => ComputedBatch;
