import { randomStream } from '../../engine/random.js';

/**
 * Splits the items of an epoch into batches in random order; the last batch may be smaller.
 *
 * @param stage - Names the random stream, together with `seed` and `epoch`.
 */
export function shuffledBatches<T>(
  items: readonly T[],
  batch: number,
  seed: number,
  stage: string,
  epoch: number,
): T[][] {
  return inBatches(randomStream(seed, stage, 'order', epoch).shuffled(items), batch);
}

/** Splits items into batches in their own order; the last batch may be smaller. */
export function inBatches<T>(items: readonly T[], batch: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / batch) }, (_, i) => items.slice(i * batch, (i + 1) * batch));
}
