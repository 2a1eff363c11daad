import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';

/** Does `work` with every item, as many at a time as there are cores; results in the order of the items. Ends with the first error. */
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
