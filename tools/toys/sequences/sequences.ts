import { randomStream } from '../../../src/engine/random.js';
import type { FeatureRows } from '../../../src/models/aggregators/aggregator.js';

/** Sequences of vectors and their classes. */
export interface Sequences {
  readonly sequences: readonly FeatureRows[];
  readonly labels: readonly number[];
}

/** T and D of a sequence. The first `telling` channels show the prototypes; the others are noise. */
export const [steps, inputs] = [12, 16];
const telling = 4;

/** The orders of the three prototypes, a class each. Every class shows the same prototypes for the same time. */
export const orders: readonly (readonly number[])[] = [
  [0, 1, 2],
  [2, 1, 0],
  [1, 0, 2],
  [0, 2, 1],
];

/**
 * Makes `count` sequences of which only the order tells the class: three prototypes, each shown for four steps, of size
 * 2, in noise of deviation 1 in all channels.
 *
 * @param part - `train` and `test` have the same prototypes and different sequences.
 */
export function makeSequences(count: number, seed: number, part: 'train' | 'test'): Sequences {
  const prototypes = orders[0]!.map((k) => {
    const random = randomStream(seed, 'order', 'prototype', k);
    return Array.from({ length: telling }, () => random.normal());
  });
  const random = randomStream(seed, 'order', part);
  const labels = Array.from({ length: count }, (_, i) => i % orders.length);
  const sequences = labels.map((label): FeatureRows => {
    const data = Float64Array.from({ length: steps * inputs }, (_, i) => {
      const [t, d] = [Math.floor(i / inputs), i % inputs];
      const shown = orders[label]![Math.floor((t * orders[0]!.length) / steps)]!;
      return random.normal() + (d < telling ? 2 * prototypes[shown]![d]! : 0);
    });
    return { data, count: steps, channels: inputs };
  });
  return { sequences, labels };
}
