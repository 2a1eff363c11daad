import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import { WorkError } from '../../system/errors.js';

/** The items of an epoch in random order, in batches; the last one may be smaller. */
export function epochBatches<T>(items: readonly T[], batch: number, seed: number, stage: string, epoch: number): T[][] {
  return inBatches(randomStream(seed, stage, 'order', epoch).shuffled(items), batch);
}

/** Items in their order, in batches; the last one may be smaller. */
export function inBatches<T>(items: readonly T[], batch: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / batch) }, (_, i) => items.slice(i * batch, (i + 1) * batch));
}

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

/** Bytes of several samples as one array of numbers. */
export function joinBytes(samples: readonly Uint8Array[]): Float32Array {
  const all = new Float32Array(samples.reduce((n, sample) => n + sample.length, 0));
  let at = 0;
  for (const sample of samples) {
    all.set(sample, at);
    at += sample.length;
  }
  return all;
}

/** Rows of C numbers as one array. */
export function joinRows(rows: readonly Float32Array[], channels: number): Float32Array {
  const all = new Float32Array(rows.length * channels);
  rows.forEach((row, i) => {
    all.set(row, i * channels);
  });
  return all;
}
