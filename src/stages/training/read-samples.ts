import type { Config } from '../../config/schema.js';
import { WorkError } from '../../system/errors.js';

/** The items of a batch that could be read. */
export interface Samples<T> {
  items: T[];
  /** The place of each of them among those asked for. */
  places: number[];
  /** The frames of each item, RGB bytes. */
  frames: Uint8Array[];
  /** For each item that could not be read: the reason. */
  skipped: string[];
}

/**
 * Reads the items of a batch in parallel.
 *
 * @param missing - `skip`: items that cannot be read are left out.
 * @throws WorkError of the first item that cannot be read, if `missing` is `fail`.
 */
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
  const good = found.flatMap((one, place) => (typeof one === 'string' ? [] : [{ ...one, place }]));
  return {
    items: good.map(({ item }) => item),
    places: good.map(({ place }) => place),
    frames: good.map(({ frames }) => frames),
    skipped: found.filter((one) => typeof one === 'string'),
  };
}
