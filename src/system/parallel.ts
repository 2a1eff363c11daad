import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';

/**
 * Runs `work` on all items, as many at a time as there are cores, and returns the results in the order of the
 * items. The first error rejects.
 */
export function inParallel<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  onProgress?: (done: number, total: number) => void,
): Promise<R[]> {
  const queue = new PQueue({ concurrency: availableParallelism() });
  let done = 0;
  return queue.addAll(
    items.map((item, index) => async () => {
      const result = await work(item, index);
      onProgress?.(++done, items.length);
      return result;
    }),
  );
}
