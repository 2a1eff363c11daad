import type { Aggregator, FeatureRows } from './aggregator.js';
import { codebookSpec } from './codebooks/codebook-spec.js';
import { drawRows } from './codebooks/draw-rows.js';
import { kMeans } from './codebooks/k-means.js';
import { nearestWords } from './codebooks/nearest-words.js';
import { signedRoot } from './signed-root.js';

/** The result of {@link residuals}, and the way back. */
export interface Residuals {
  /** `[K·D]`, word after word. */
  readonly value: Float64Array;
  /** The gradient of the rows `[N, D]`, given that of the value. */
  backward(dValue: Float64Array): Float64Array;
}

/**
 * The sum of the differences of the rows from the word that each is nearest to, divided by the number of all rows. Its
 * gradient takes the assignment as fixed, which is exact except where two words are equally near.
 */
export function residuals(rows: FeatureRows, codebook: Float64Array): Residuals {
  const { data, count, channels } = rows;
  const { words } = nearestWords(rows, codebook);
  const value = new Float64Array(codebook.length);
  words.forEach((k, n) => {
    for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++)
      value[j]! += (data[i]! - codebook[j]!) / count;
  });
  return {
    value,
    backward: (dValue) =>
      data.map((_, i) => dValue[words[Math.floor(i / channels)]! * channels + (i % channels)]! / count),
  };
}

/**
 * VLAD (Jégou et al., CVPR 2010), `[K·D]`: {@link residuals}, then the signed root and the division by the length. The
 * words, `aggregator.codebook` `[K, D]`, are fitted by k-means and not trained.
 */
export function vladAggregator(channels: number, { words }: { readonly words: number }): Aggregator {
  const codebook = codebookSpec('codebook', words, channels);
  return {
    parameters: [codebook],
    channels: words * channels,
    aggregate(rows, values) {
      const raw = residuals(rows, values[codebook.name]!);
      const rooted = signedRoot(raw.value);
      return {
        value: rooted.value,
        backward: (dValue) => ({ rows: raw.backward(rooted.backward(dValue)), parameters: {} }),
      };
    },
    fit: (sample, random) => ({ [codebook.name]: kMeans(drawRows(sample, random), words, random).centres }),
  };
}
