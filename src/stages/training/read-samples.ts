import type { Config } from '../../config/schema.js';
import { WorkError } from '../../system/errors.js';

/** What could be read of a batch. */
export interface Samples<T> {
  items: T[];
  /** Of each item. */
  frames: Uint8Array[];
  /** Why the others could not be read. */
  skipped: string[];
}

/** Reads the items of a batch at once. One that cannot be read is left out where `missing` allows it, else its {@link WorkError} is thrown. */
export async function readSamples<T>(
  items: readonly T[],
  missing: Config['data']['missing'],
  read: (item: T) => Promise<Uint8Array>,
): Promise<Samples<T>> {
  const found = await Promise.all(
    items.map((item) =>
      read(item).then(
        (frames) => ({ item, frames }),
        (error: unknown) => {
          if (error instanceof WorkError && missing === 'skip') return error.message;
          throw error;
        },
      ),
    ),
  );
  const good = found.filter((one) => typeof one !== 'string');
  return {
    items: good.map(({ item }) => item),
    frames: good.map(({ frames }) => frames),
    skipped: found.filter((one) => typeof one === 'string'),
  };
}
