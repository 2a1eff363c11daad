import { randomStream } from '../../engine/random.js';

/** The items of an epoch in random order, in batches; the last one may be smaller. `stage` names the random stream. */
export function shuffledBatches<T>(
  items: readonly T[],
  batch: number,
  seed: number,
  stage: string,
  epoch: number,
): T[][] {
  return inBatches(randomStream(seed, stage, 'order', epoch).shuffled(items), batch);
}

/** Items in their order, in batches; the last one may be smaller. */
export function inBatches<T>(items: readonly T[], batch: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / batch) }, (_, i) => items.slice(i * batch, (i + 1) * batch));
}
