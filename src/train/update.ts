import type { Compute, ComputedBatch, Forward } from './compute/compute.js';
import { local } from './compute/local.js';
import { clipByGlobalNorm, disposeGradients } from './gradients.js';
import type { TrainedPart } from './trained-parts.js';

/** Sizes of the micro-batches that a batch is cut into: as large as they may be, all of it where that is null. */
export function microBatches(items: number, largest: number | null): number[] {
  if (largest === null) return [items];
  return Array.from({ length: Math.ceil(items / largest) }, (_, i) => Math.min(largest, items - i * largest));
}

/** How a batch is computed, where that is not the usual way. */
export interface UpdateOptions {
  compute?: Compute;
  /** Whether the losses of single items are wanted. */
  perItem?: boolean;
}

/**
 * One optimiser step on a batch: gradients of its micro-batches added up, each by its share of the items; clipped; a step
 * of each part; running statistics; averages.
 *
 * @param sizes - Of the micro-batches, in items.
 * @param clipNorm - Largest norm of the whole gradient; 0: not clipped.
 * @param at - `step` counts from 0; `lr` is the base rate.
 * @returns The batch's loss, its terms, and the losses of its items where they were wanted.
 */
export function update(
  parts: Readonly<Record<string, TrainedPart>>,
  sizes: readonly number[],
  clipNorm: number,
  at: { step: number; lr: number },
  forward: Forward,
  { compute = local, perItem = false }: UpdateOptions = {},
): Omit<ComputedBatch, 'gradients'> {
  const parameters = new Map(Object.entries(parts).map(([name, part]) => [name, part.parameters]));
  const { gradients: whole, ...computed } = compute(parameters, sizes, forward, perItem);
  const gradients = clipNorm > 0 ? clipByGlobalNorm(whole, clipNorm) : whole;
  try {
    for (const [name, part] of Object.entries(parts)) {
      part.optimizer.step(gradients.get(name)!, at.lr);
      part.statistics.update(part.parameters);
      part.average?.update(at.step);
    }
    return computed;
  } finally {
    disposeGradients(gradients);
  }
}
