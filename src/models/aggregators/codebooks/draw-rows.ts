import type { Random } from '../../../engine/random.js';
import type { FeatureRows } from '../aggregator.js';

/** Codebooks are fitted to at most so many rows. More cost time, and hardly move a word. */
export const mostRows = 5000;

/** The numbers of at most {@link mostRows} of `count` rows, drawn by `random` without repetition, ascending. */
export function drawnRows(count: number, random: Random): number[] {
  const all = Array.from({ length: count }, (_, n) => n);
  if (count <= mostRows) return all;
  return random
    .shuffled(all)
    .slice(0, mostRows)
    .sort((a, b) => a - b);
}

/** {@link drawnRows} themselves. */
export function drawRows(rows: FeatureRows, random: Random): FeatureRows {
  const { data, count, channels } = rows;
  if (count <= mostRows) return rows;
  const drawn = drawnRows(count, random);
  const chosen = new Float64Array(mostRows * channels);
  drawn.forEach((n, at) => {
    chosen.set(data.subarray(n * channels, (n + 1) * channels), at * channels);
  });
  return { data: chosen, count: mostRows, channels };
}
