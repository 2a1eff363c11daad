import { randomStream } from '../../../src/engine/random.js';

/** Points of the unit square `[n, 2]` and their labels, 0 or 1. */
export interface Points {
  readonly x: Float64Array;
  readonly labels: Uint8Array;
}

/**
 * Points on a grid of `side`² places, on either side of a boundary that winds the faster the higher up it is (after
 * Canévet et al. 2016). Near the boundary labels are drawn by chance: 1 with σ(-40·(x - sin(4·(y + ½)⁵)/3 - ½)).
 *
 * @param name - Names the random stream of the labels, together with `seed`.
 */
export function makePoints(side: number, seed: number, name: string): Points {
  const random = randomStream(seed, 'boundary', name);
  const x = new Float64Array(2 * side * side);
  const labels = new Uint8Array(side * side);
  for (let i = 0; i < labels.length; i++) {
    const [across, up] = [((i % side) + 0.5) / side, (Math.floor(i / side) + 0.5) / side];
    x.set([across, up], 2 * i);
    const boundary = Math.sin(4 * (up + 0.5) ** 5) / 3 + 0.5;
    labels[i] = random.uniform() < 1 / (1 + Math.exp(40 * (across - boundary))) ? 1 : 0;
  }
  return { x, labels };
}
