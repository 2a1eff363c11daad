import {
  accumulate,
  clipByGlobalNorm,
  disposeGradients,
  lossAndGradients,
  type GradientsByPart,
  type LossTensors,
} from './gradients.js';
import type { TrainedPart } from './parts.js';

/** How gradients become a step; the keys that all stages share. */
export interface UpdateOptions {
  /** Items through the network at once; null: the whole batch. */
  microBatch: number | null;
  /** Largest norm of the whole gradient; 0: not clipped. */
  clipNorm: number;
}

/** Items of a batch that go through the network together: `from` ≤ i < `to`. */
export interface MicroBatch {
  from: number;
  to: number;
}

/**
 * One optimiser step on a batch of `items`: gradients of its micro-batches added up, each by its share of the items;
 * clipped; a step of each part; running statistics; averages. `loss` is that of a micro-batch, called on the tape.
 *
 * @param at - `step` counts from 0; `lr` is the base rate.
 * @returns The batch's loss and its terms.
 */
export function update(
  parts: Readonly<Record<string, TrainedPart>>,
  { microBatch, clipNorm }: UpdateOptions,
  items: number,
  at: { step: number; lr: number },
  loss: (micro: MicroBatch) => LossTensors,
): { loss: number; terms: Record<string, number> } {
  const parameters = new Map(Object.entries(parts).map(([name, part]) => [name, part.parameters]));
  let sum: GradientsByPart | undefined;
  let total = 0;
  const terms: Record<string, number> = {};
  for (let from = 0; from < items; from += microBatch ?? items) {
    const to = Math.min(from + (microBatch ?? items), items);
    const share = (to - from) / items;
    const micro = lossAndGradients(() => loss({ from, to }), parameters);
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
