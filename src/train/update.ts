import type * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../models/encoders/encoder.js';
import {
  accumulate,
  clipByGlobalNorm,
  disposeGradients,
  lossAndGradients,
  type GradientsByPart,
  type LossTensors,
} from './gradients.js';
import type { TrainedPart } from './trained-parts.js';

/** Items of a batch that go through the network together: `from` ≤ i < `to`. */
export interface MicroBatch {
  from: number;
  to: number;
}

/** Sizes of the micro-batches that a batch is cut into: as large as they may be, all of it where that is null. */
export function microBatches(items: number, largest: number | null): number[] {
  if (largest === null) return [items];
  return Array.from({ length: Math.ceil(items / largest) }, (_, i) => Math.min(largest, items - i * largest));
}

/** What is computed of a micro-batch. */
export interface Forward {
  /** Its pass through the part `encoder`; absent where that is no part, or is on the tape. */
  record?: ((micro: MicroBatch) => EncoderRecord) | undefined;
  /** Its loss, on the tape, from its features where there is `record`. */
  loss: (micro: MicroBatch, features?: tf.Tensor3D) => LossTensors;
}

/**
 * One optimiser step on a batch: gradients of its micro-batches added up, each by its share of the items; clipped; a step
 * of each part; running statistics; averages.
 *
 * @param sizes - Of the micro-batches, in items.
 * @param clipNorm - Largest norm of the whole gradient; 0: not clipped.
 * @param at - `step` counts from 0; `lr` is the base rate.
 * @returns The batch's loss and its terms.
 */
export function update(
  parts: Readonly<Record<string, TrainedPart>>,
  sizes: readonly number[],
  clipNorm: number,
  at: { step: number; lr: number },
  { record, loss }: Forward,
): { loss: number; terms: Record<string, number> } {
  const parameters = new Map(Object.entries(parts).map(([name, part]) => [name, part.parameters]));
  let sum: GradientsByPart | undefined;
  let total = 0;
  const terms: Record<string, number> = {};
  const items = sizes.reduce((sum, size) => sum + size, 0);
  let from = 0;
  for (const size of sizes) {
    const range = { from, to: from + size };
    const share = size / items;
    const micro = lossAndGradients((features) => loss(range, features), parameters, record?.(range));
    from += size;
    sum = accumulate(sum, micro.gradients, share);
    total += micro.total * share;
    for (const [name, term] of Object.entries(micro.terms)) terms[name] = (terms[name] ?? 0) + term * share;
  }
  const gradients = clipNorm > 0 ? clipByGlobalNorm(sum!, clipNorm) : sum!;
  for (const [name, part] of Object.entries(parts)) {
    part.optimizer.step(gradients.get(name)!, at.lr);
    part.statistics.update(part.parameters);
    part.average?.update(at.step);
  }
  disposeGradients(gradients);
  return { loss: total, terms };
}
