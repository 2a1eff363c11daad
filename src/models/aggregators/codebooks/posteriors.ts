import type { FeatureRows } from '../aggregator.js';

/** A mixture of K normal distributions whose D channels are independent. */
export interface Mixture {
  /** `[K]`, adding up to 1. A component of weight 0 takes no part. */
  readonly weights: Float64Array;
  /** `[K, D]`. */
  readonly means: Float64Array;
  /** `[K, D]`, above 0. */
  readonly variances: Float64Array;
}

/** The result of {@link posteriors}. */
export interface Posteriors {
  /** The probability that row n comes from component k, `[N, K]`. */
  readonly posteriors: Float64Array;
  /** The mean over the rows of the logarithm of their density, in nats. */
  readonly logLikelihood: number;
}

/** A density that is e^80 times smaller than another is taken as 0. No sum with the other would change by it. */
const negligible = 80;
/** After so many channels, the logarithms of densities are compared. */
const stride = 16;

/**
 * Bayes' rule, γ_n(k) ∝ w_k N(f_n; μ_k, σ_k²), computed by logarithms, so that densities that no float64 holds do not
 * matter.
 */
export function posteriors({ data, count, channels }: FeatureRows, { weights, means, variances }: Mixture): Posteriors {
  const components = weights.length;
  const precisions = variances.map((variance) => 1 / variance);
  const constants = weights.map((weight, k) => {
    const own = variances.subarray(k * channels, (k + 1) * channels);
    return Math.log(weight) - own.reduce((sum, variance) => sum + Math.log(2 * Math.PI * variance), 0) / 2;
  });
  const result = new Float64Array(count * components);
  let logLikelihood = 0;
  for (let n = 0, at = 0; n < count; n++, at += components) {
    let largest = -Infinity;
    for (let k = 0; k < components; k++) {
      let log = constants[k]!;
      for (let d = 0; d < channels && log > largest - negligible;) {
        let sum = 0;
        for (const end = Math.min(d + stride, channels); d < end; d++) {
          const difference = data[n * channels + d]! - means[k * channels + d]!;
          sum += difference * difference * precisions[k * channels + d]!;
        }
        log -= sum / 2;
      }
      result[at + k] = log;
      largest = Math.max(largest, log);
    }
    let total = 0;
    for (let k = 0; k < components; k++) {
      const short = largest - result[at + k]!;
      total += result[at + k] = short < negligible ? Math.exp(-short) : 0;
    }
    for (let k = 0; k < components; k++) result[at + k]! /= total;
    logLikelihood += (largest + Math.log(total)) / count;
  }
  return { posteriors: result, logLikelihood };
}
