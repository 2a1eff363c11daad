import { concatenated } from '../../system/concatenated.js';
import { lossAndGradients, type ItemOptions, type LossAndGradients } from '../gradients.js';
import type { Division, MicroBatch } from '../ranks/division.js';
import type { Compute, ComputedBatch, Forward, PartsByName } from './compute.js';
import { disposeSums, fromMicroSums, microSums, microTree, type MicroSums } from './micro-sums.js';

/** Implements {@link Compute} in this process, one micro-batch after the other. */
export const local: Compute = (parts, division, forward, options) => {
  const { sums, losses } = computeMicroBatches(parts, division, forward, options);
  return { ...wholeLoss(losses), gradients: fromMicroSums(parts, sums!), items: itemLosses(losses, options) };
};

/** The losses of a micro-batch. */
export interface MicroLosses extends Pick<LossAndGradients, 'total' | 'weighted' | 'terms'> {
  /** Its share of the batch's items. */
  share: number;
  items: readonly number[] | null;
}

/** Computes some micro-batches of a batch. The sums are undefined where there is none; the caller owns them. */
export function computeMicroBatches(
  parts: PartsByName,
  { micro, items }: Pick<Division, 'micro' | 'items'>,
  forward: Forward,
  { perItem = false, weights }: ItemOptions,
): { sums: MicroSums | undefined; losses: MicroLosses[] } {
  const tree = microTree();
  const losses: MicroLosses[] = [];
  try {
    for (const range of micro) {
      const { from, to, place } = range;
      const share = (to - from) / items;
      const options = { perItem, weights: weights?.slice(from, to) };
      const { gradients, items: own, ...loss } = computed(range, forward, parts, options);
      tree.push(place, microSums(parts, gradients, share));
      losses.push({ ...loss, share, items: own && [...own] });
    }
    return { sums: tree.take(), losses };
  } catch (error) {
    disposeSums(tree.take());
    throw error;
  }
}

/** The loss of a batch of its micro-batches, in their order. */
export function wholeLoss(losses: readonly MicroLosses[]): Pick<ComputedBatch, 'loss' | 'weighted' | 'terms'> {
  let [loss, weighted] = [0, 0];
  const terms: Record<string, number> = {};
  for (const micro of losses) {
    loss += micro.total * micro.share;
    weighted += micro.weighted * micro.share;
    for (const [name, term] of Object.entries(micro.terms)) terms[name] = (terms[name] ?? 0) + term * micro.share;
  }
  return { loss, weighted, terms };
}

/** The losses of a batch's items, in their order; null where they were not requested. */
export function itemLosses(losses: readonly MicroLosses[], { perItem = false }: ItemOptions): Float32Array | null {
  return perItem ? concatenated(losses.map(({ items }) => Float32Array.from(items!))) : null;
}

function computed(range: MicroBatch, forward: Forward, parts: PartsByName, items: ItemOptions): LossAndGradients {
  const parameters = new Map(Object.entries(parts).map(([name, part]) => [name, part.parameters]));
  if (forward.through === 'tape') return lossAndGradients(() => forward.loss(range), parameters, items);
  const encoded = forward.record(range);
  return lossAndGradients((features) => forward.loss(range, features!), parameters, { encoded, ...items });
}
