import { randomStream } from '../../engine/random.js';
import { stateless } from '../batches/batch-source.js';
import type { Draw } from '../batches/draw.js';
import type { Sampler, Slots } from './sampler.js';

/**
 * The sampler that has every item once an epoch, in random order.
 *
 * @param stage - Names the random stream, together with `seed` and the epoch.
 */
export function shuffled({ classes, sizes }: Pick<Slots, 'classes' | 'sizes'>, seed: number, stage: string): Sampler {
  return { initial: stateless, epoch: (_, epoch) => shuffledBatches(classes.length, sizes(epoch), seed, stage, epoch) };
}

/** The batches of an epoch in random order. */
export function shuffledBatches(
  items: number,
  sizes: readonly number[],
  seed: number,
  stage: string,
  epoch: number,
): (batch: number) => Draw {
  const numbers = Array.from({ length: items }, (_, i) => i);
  const order = randomStream(seed, stage, 'order', epoch).shuffled(numbers);
  let taken = 0;
  const starts = sizes.map((size) => (taken += size) - size);
  return (batch) => ({
    items: order.slice(starts[batch], starts[batch]! + sizes[batch]!).map((item) => ({ item, weight: 1, draw: [] })),
    sampling: null,
  });
}

/** The sizes of the batches of `items` items, each `batch`, the last one smaller. */
export function evenSizes(items: number, batch: number): number[] {
  return Array.from({ length: Math.ceil(items / batch) }, (_, i) => Math.min(batch, items - i * batch));
}
