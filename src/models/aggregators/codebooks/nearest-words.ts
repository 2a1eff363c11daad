import type { FeatureRows } from '../aggregator.js';

/** The word that each row is nearest to. */
export interface Nearest {
  /** `[N]`, from 0. Of words at the same distance the first counts. */
  readonly words: Int32Array;
  /** Squared distances to them, `[N]`. */
  readonly distances: Float64Array;
}

/** Sums of squares are compared after so many channels: a word that is already farther than another is left. */
const stride = 16;

/** Assigns N rows to the nearest of K words `[K, D]`. */
export function nearestWords({ data, count, channels }: FeatureRows, codebook: Float64Array): Nearest {
  const words = new Int32Array(count);
  const distances = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    let least = Infinity;
    for (let from = 0, k = 0; from < codebook.length; from += channels, k++) {
      let sum = 0;
      for (let d = 0; d < channels && sum < least;) {
        for (const end = Math.min(d + stride, channels); d < end; d++) {
          const difference = data[n * channels + d]! - codebook[from + d]!;
          sum += difference * difference;
        }
      }
      if (sum < least) [least, words[n]] = [sum, k];
    }
    distances[n] = least;
  }
  return { words, distances };
}
