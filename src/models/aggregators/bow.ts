import type { Aggregator, FeatureRows } from './aggregator.js';
import { codebookSpec } from './codebooks/codebook-spec.js';
import { drawRows } from './codebooks/draw-rows.js';
import { kMeans } from './codebooks/k-means.js';
import { nearestWords } from './codebooks/nearest-words.js';

/** The part of the rows that is nearest to each of K words `[K, D]`: `[K]`, adding up to 1. */
export function histogram(rows: FeatureRows, codebook: Float64Array): Float64Array {
  const parts = new Float64Array(codebook.length / rows.channels);
  for (const word of nearestWords(rows, codebook).words) parts[word]! += 1 / rows.count;
  return parts;
}

/**
 * A bag of words, `[K]`: K times the {@link histogram}, so that it has the size of a trained one (softbow.ts). No
 * gradient reaches the rows: it is 0. The words, `aggregator.codebook` `[K, D]`, are fitted by k-means and not trained.
 */
export function bowAggregator(channels: number, { words }: { readonly words: number }): Aggregator {
  const codebook = codebookSpec('codebook', words, channels);
  return {
    parameters: [codebook],
    channels: words,
    aggregate: (rows, values) => ({
      value: histogram(rows, values[codebook.name]!).map((part) => words * part),
      backward: () => ({ rows: new Float64Array(rows.data.length), parameters: {} }),
    }),
    fit: (sample, random) => ({ [codebook.name]: kMeans(drawRows(sample, random), words, random).centres }),
  };
}
