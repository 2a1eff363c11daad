import { captured } from '../engine/capture/capture.js';
import type { Compute, ComputedBatch, Forward, PartsByName } from './compute/compute.js';
import { local } from './compute/local.js';
import { clipByGlobalNorm, disposeGradients, type ItemOptions } from './gradients.js';
import type { Division } from './ranks/division.js';

/** Optional arguments of {@link update}. */
export interface UpdateOptions extends ItemOptions {
  compute?: Compute;
}

/**
 * Takes one optimiser step on a batch: sums the gradients of its micro-batches, each weighted by its share of the
 * items, clips the sum, steps the optimizer of each part, and updates running statistics and averages.
 *
 * @param division - The micro-batches that this process computes.
 * @param clipNorm - Largest L2 norm of the whole gradient; 0: the gradient is not clipped.
 * @param at - `step` counts from 0; `lr` is the base rate.
 * @returns The batch's loss, its terms, and the losses of its items if requested.
 */
export function update(
  parts: PartsByName,
  division: Division,
  clipNorm: number,
  at: { step: number; lr: number },
  forward: Forward,
  { compute = local, ...items }: UpdateOptions = {},
): Omit<ComputedBatch, 'gradients'> {
  return captured(`step of ${Object.keys(parts).join(' and ')}`, () => {
    const { gradients: whole, ...computed } = compute(parts, division, forward, items);
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
