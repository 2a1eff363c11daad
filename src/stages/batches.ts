import { randomStream } from '../engine/random.js';

/** The items of an epoch in random order, in batches; the last one may be smaller. */
export function epochBatches<T>(items: readonly T[], batch: number, seed: number, stage: string, epoch: number): T[][] {
  return inBatches(randomStream(seed, stage, 'order', epoch).shuffled(items), batch);
}

/** Items in their order, in batches; the last one may be smaller. */
export function inBatches<T>(items: readonly T[], batch: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / batch) }, (_, i) => items.slice(i * batch, (i + 1) * batch));
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
