import { randomStream } from '../engine/random.js';

/** The items of an epoch in random order, in batches; the last one may be smaller. */
export function epochBatches<T>(items: readonly T[], batch: number, seed: number, stage: string, epoch: number): T[][] {
  const order = randomStream(seed, stage, 'order', epoch).shuffled(items);
  return Array.from({ length: Math.ceil(order.length / batch) }, (_, i) => order.slice(i * batch, (i + 1) * batch));
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
