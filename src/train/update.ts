import { captured } from '../engine/capture/capture.js';
import type { Compute, ComputedBatch, Forward } from './compute/compute.js';
import { local } from './compute/local.js';
import { clipByGlobalNorm, disposeGradients, type ItemOptions } from './gradients.js';
import type { TrainedPart } from './trained-parts.js';

/** The sizes of the micro-batches of a batch: `largest` items each, the last one fewer; the whole batch for null. */
export function microBatches(items: number, largest: number | null): number[] {
  if (largest === null) return [items];
  return Array.from({ length: Math.ceil(items / largest) }, (_, i) => Math.min(largest, items - i * largest));
}

/** Optional arguments of {@link update}. */
export interface UpdateOptions extends ItemOptions {
  compute?: Compute;
}

/**
 * Takes one optimiser step on a batch: sums the gradients of its micro-batches, each weighted by its share of the
 * items, clips the sum, steps the optimizer of each part, and updates running statistics and averages.
 *
 * @param sizes - Items in each micro-batch.
 * @param clipNorm - Largest L2 norm of the whole gradient; 0: the gradient is not clipped.
 * @param at - `step` counts from 0; `lr` is the base rate.
 * @returns The batch's loss, its terms, and the losses of its items if requested.
 */
export function update(
  parts: Readonly<Record<string, TrainedPart>>,
  sizes: readonly number[],
  clipNorm: number,
  at: { step: number; lr: number },
  forward: Forward,
  { compute = local, ...items }: UpdateOptions = {},
): Omit<ComputedBatch, 'gradients'> {
  const parameters = new Map(Object.entries(parts).map(([name, part]) => [name, part.parameters]));
  return captured(`step of ${[...parameters.keys()].join(' and ')}`, () => {
    const { gradients: whole, ...computed } = compute(parameters, sizes, forward, items);
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
  });
}
