import type { Aggregator } from './aggregator.js';
import { drawRows } from './codebooks/draw-rows.js';
import { kMeans } from './codebooks/k-means.js';
import { codebookSpec } from './codebooks/codebook-spec.js';
import { softAssignment } from './soft-assignment.js';

/** The shape of {@link softbowAggregator}. */
export interface SoftbowOptions {
  /** K. */
  readonly words: number;
  /** Whether each word learns how far it reaches in each channel (T2 of the paper), or not (T1). */
  readonly shapes: boolean;
}

/**
 * A bag of words whose codebook is trained (Katharopoulos et al., EUSIPCO 2017), `[K]`: K times the mean of the rows'
 * shares in K words, see {@link softAssignment}. Without the factor K its entries would be small, about 1/K, and so
 * would be the gradients of what follows.
 *
 * Trained are `aggregator.codebook` `[K, D]` and, with shapes, `aggregator.log_sigma` `[K, D]`. γ is kept beside them
 * as `aggregator.log_gamma` `[1]` and is not trained, which the paper leaves open: a γ that is trained grows while the
 * words are still far from their places, until the assignment is so hard that no gradient moves them.
 *
 * `fit` sets the words by k-means, log σ to 0, and γ so that a row in the middle of all has γ d² = 1/2 to the nearest
 * word: γ = 1/(2 m) with the median m of the squared distances that are not 0 (γ = 1 where all are 0).
 */
export function softbowAggregator(channels: number, { words, shapes }: SoftbowOptions): Aggregator {
  const codebook = codebookSpec('codebook', words, channels, { type: 'normal', deviation: 1 });
  const logSigma = codebookSpec('log_sigma', words, channels, { type: 'constant', value: 0 });
  const logGamma = codebookSpec('log_gamma', 1, null, { type: 'constant', value: 0 });
  const parameters = shapes ? [codebook, logGamma, logSigma] : [codebook, logGamma];
  return {
    parameters: parameters.map((spec) => ({ ...spec, trainable: spec !== logGamma })),
    channels: words,
    aggregate(rows, values) {
      const gamma = Math.exp(values[logGamma.name]![0]!);
      const soft = softAssignment(rows, {
        codebook: values[codebook.name]!,
        logSigma: shapes ? values[logSigma.name]! : undefined,
        gamma,
      });
      return {
        value: soft.mean.map((share) => words * share),
        backward(dValue) {
          const gradient = soft.backward(dValue.map((d) => words * d));
          return {
            rows: gradient.rows,
            parameters: {
              [codebook.name]: gradient.codebook,
              ...(shapes && { [logSigma.name]: gradient.logSigma }),
            },
          };
        },
      };
    },
    fit(sample, random) {
      const { centres, distances } = kMeans(drawRows(sample, random), words, random);
      return {
        [codebook.name]: centres,
        [logGamma.name]: Float64Array.of(-Math.log(2 * usualDistance(distances))),
        ...(shapes && { [logSigma.name]: new Float64Array(words * channels) }),
      };
    },
  };
}

/** The median of the distances that are not 0; 1/2, which gives γ = 1, where all are. */
function usualDistance(distances: Float64Array): number {
  const apart = distances.filter((distance) => distance > 0).sort();
  return apart[apart.length >> 1] ?? 0.5;
}
