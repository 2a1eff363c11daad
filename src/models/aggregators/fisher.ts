import type { Aggregator, FeatureRows } from './aggregator.js';
import { codebookSpec } from './codebooks/codebook-spec.js';
import { drawRows } from './codebooks/draw-rows.js';
import { fitMixture } from './codebooks/mixture.js';
import { posteriors, type Mixture } from './codebooks/posteriors.js';
import { signedRoot } from './signed-root.js';

/** The result of {@link scores}, and the way back. */
export interface Scores {
  /** `[2·K·D]`: those of the means, component after component, then those of the deviations. */
  readonly value: Float64Array;
  /** The gradient of the rows `[N, D]`, given that of the value. It includes the way through the posteriors. */
  backward(dValue: Float64Array): Float64Array;
}

/** A component of less weight is divided by the root of this. */
const leastWeight = 1e-12;

/**
 * How the likelihood of the rows would change with the means and the deviations of a mixture, each scaled to unit
 * variance (Perronnin et al., ECCV 2010). With z = (f_n - μ_k)/σ_k and the posteriors γ_n(k):
 * (1/(N √w_k)) Σ_n γ_n(k) z, and (1/(N √(2 w_k))) Σ_n γ_n(k) (z² - 1).
 */
export function scores(rows: FeatureRows, mixture: Mixture): Scores {
  const { data, count, channels } = rows;
  const { means } = mixture;
  const components = mixture.weights.length;
  const shares = posteriors(rows, mixture).posteriors;
  const inverse = mixture.variances.map((variance) => 1 / Math.sqrt(variance));
  const forMeans = mixture.weights.map((weight) => 1 / (count * Math.sqrt(Math.max(weight, leastWeight))));
  const half = components * channels;
  const value = new Float64Array(2 * half);
  for (let n = 0, at = 0; n < count; n++) {
    for (let k = 0; k < components; k++, at++) {
      const share = shares[at]! * forMeans[k]!;
      if (share === 0) continue;
      for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++) {
        const z = (data[i]! - means[j]!) * inverse[j]!;
        value[j]! += share * z;
        value[half + j]! += share * Math.SQRT1_2 * (z * z - 1);
      }
    }
  }
  return {
    value,
    backward(dValue) {
      const dRows = new Float64Array(data.length);
      const dShares = new Float64Array(components);
      for (let n = 0, at = 0; n < count; n++, at += components) {
        let expected = 0;
        for (let k = 0; k < components; k++) {
          const share = shares[at + k]!;
          dShares[k] = 0;
          if (share === 0) continue;
          let sum = 0;
          for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++) {
            const z = (data[i]! - means[j]!) * inverse[j]!;
            const ofDeviation = Math.SQRT1_2 * dValue[half + j]!;
            sum += dValue[j]! * z + ofDeviation * (z * z - 1);
            dRows[i]! += share * forMeans[k]! * inverse[j]! * (dValue[j]! + 2 * ofDeviation * z);
          }
          dShares[k] = sum * forMeans[k]!;
          expected += share * dShares[k]!;
        }
        // A posterior is a softmax of the logarithms of the densities, whose gradient is -z/σ.
        for (let k = 0; k < components; k++) {
          const dLog = shares[at + k]! * (dShares[k]! - expected);
          if (dLog === 0) continue;
          for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++)
            dRows[i]! -= dLog * (data[i]! - means[j]!) * inverse[j]! * inverse[j]!;
        }
      }
      return dRows;
    },
  };
}

/**
 * Fisher vectors, `[2·K·D]`: {@link scores}, then the signed root and the division by the length. The mixture,
 * `aggregator.weights` `[K]`, `aggregator.means` and `aggregator.variances` `[K, D]`, is fitted and not trained.
 */
export function fisherAggregator(channels: number, { words }: { readonly words: number }): Aggregator {
  const weights = codebookSpec('weights', words, null, { type: 'constant', value: 1 / words });
  const means = codebookSpec('means', words, channels);
  const variances = codebookSpec('variances', words, channels, { type: 'constant', value: 1 });
  return {
    parameters: [weights, means, variances],
    channels: 2 * words * channels,
    aggregate(rows, values) {
      const raw = scores(rows, {
        weights: values[weights.name]!,
        means: values[means.name]!,
        variances: values[variances.name]!,
      });
      const rooted = signedRoot(raw.value);
      return {
        value: rooted.value,
        backward: (dValue) => ({ rows: raw.backward(rooted.backward(dValue)), parameters: {} }),
      };
    },
    fit(sample, random) {
      const mixture = fitMixture(drawRows(sample, random), words, random);
      return {
        [weights.name]: mixture.weights,
        [means.name]: mixture.means,
        [variances.name]: mixture.variances,
      };
    },
  };
}
