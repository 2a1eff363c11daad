import { concatenated } from '../../system/concatenated.js';
import {
  accumulate,
  disposeGradients,
  lossAndGradients,
  type GradientsByPart,
  type ItemOptions,
  type LossAndGradients,
} from '../gradients.js';
import type { Compute, Forward, MicroBatch } from './compute.js';

/** Implements {@link Compute} in this process, one micro-batch after the other. */
export const local: Compute = (parts, sizes, forward, { perItem = false, weights }) => {
  const items = sizes.reduce((sum, size) => sum + size, 0);
  let gradients: GradientsByPart | undefined;
  let loss = 0;
  let weighted = 0;
  const terms: Record<string, number> = {};
  const losses: Float32Array[] = [];
  let from = 0;
  try {
    for (const size of sizes) {
      const share = size / items;
      const to = from + size;
      const micro = computed({ from, to }, forward, parts, { perItem, weights: weights?.slice(from, to) });
      from = to;
      gradients = accumulate(gradients, micro.gradients, share);
      loss += micro.total * share;
      weighted += micro.weighted * share;
      for (const [name, term] of Object.entries(micro.terms)) terms[name] = (terms[name] ?? 0) + term * share;
      if (micro.items) losses.push(micro.items);
    }
  } catch (error) {
    if (gradients) disposeGradients(gradients);
    throw error;
  }
  return { loss, weighted, terms, gradients: gradients!, items: perItem ? concatenated(losses) : null };
};

function computed(
  range: MicroBatch,
  forward: Forward,
  parts: Parameters<Compute>[0],
  items: ItemOptions,
): LossAndGradients {
  if (forward.through === 'tape') return lossAndGradients(() => forward.loss(range), parts, items);
  const encoded = forward.record(range);
  return lossAndGradients((features) => forward.loss(range, features!), parts, { encoded, ...items });
}
