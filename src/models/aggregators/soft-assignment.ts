import type { FeatureRows } from './aggregator.js';

/** The parameters of a soft assignment to K words of D channels. */
export interface SoftWords {
  /** The words c, `[K, D]`. */
  readonly codebook: Float64Array;
  /** The logarithm s of how far each word reaches in each channel, `[K, D]`; absent: 0, all words reach equally far. */
  readonly logSigma?: Float64Array | undefined;
  /** γ > 0: how fast a word's share falls with the squared distance. Towards infinity the assignment becomes hard. */
  readonly gamma: number;
}

/** The result of {@link softAssignment}, and the way back. */
export interface SoftShares {
  /** S `[N, K]`: each row's shares in the words, which add up to 1. */
  readonly shares: Float64Array;
  /** R `[K]`: their mean over the rows, which adds up to 1. */
  readonly mean: Float64Array;
  /** The gradients of the rows `[N, D]`, of words and s `[K, D]` and of γ, given that of R. */
  backward(dMean: Float64Array): {
    readonly rows: Float64Array;
    readonly codebook: Float64Array;
    readonly logSigma: Float64Array;
    readonly gamma: number;
  };
}

/** s is kept within ± this number, so that no word can shrink to nothing. Outside, its gradient is 0. */
export const logSigmaLimit = 4;

/**
 * Shares every row among the words by its distances, S_nk = softmax_k(-γ Σ_d (f_nd - c_kd)² exp(-2 s_kd)), and takes
 * the mean over the rows (Katharopoulos et al., EUSIPCO 2017; T1 where `logSigma` is absent, otherwise T2).
 *
 * @param rows - N ≥ 1 rows of D channels.
 */
export function softAssignment(rows: FeatureRows, { codebook, logSigma, gamma }: SoftWords): SoftShares {
  const { data, count, channels } = rows;
  const words = codebook.length / channels;
  const precision = precisionsOf(codebook.length, logSigma);
  const distances = new Float64Array(count * words);
  for (let n = 0, at = 0; n < count; n++) {
    for (let k = 0; k < words; k++, at++) {
      let sum = 0;
      for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++) {
        const difference = data[i]! - codebook[j]!;
        sum += difference * difference * precision[j]!;
      }
      distances[at] = sum;
    }
  }
  const shares = sharesOf(distances, words, gamma);
  const mean = new Float64Array(words);
  for (let i = 0; i < shares.length; i++) mean[i % words]! += shares[i]! / count;

  return {
    shares,
    mean,
    backward(dMean) {
      const gradient = {
        rows: new Float64Array(data.length),
        codebook: new Float64Array(codebook.length),
        logSigma: new Float64Array(codebook.length),
        gamma: 0,
      };
      for (let n = 0; n < count; n++) {
        let expected = 0;
        for (let k = 0; k < words; k++) expected += dMean[k]! * shares[n * words + k]!;
        for (let k = 0; k < words; k++) {
          const delta = (shares[n * words + k]! * (dMean[k]! - expected)) / count;
          if (delta === 0) continue;
          gradient.gamma -= delta * distances[n * words + k]!;
          const factor = 2 * gamma * delta;
          for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++) {
            const difference = data[i]! - codebook[j]!;
            const pull = factor * difference * precision[j]!;
            gradient.codebook[j]! += pull;
            gradient.rows[i]! -= pull;
            gradient.logSigma[j]! += pull * difference;
          }
        }
      }
      logSigma?.forEach((s, j) => {
        if (Math.abs(s) > logSigmaLimit) gradient.logSigma[j] = 0;
      });
      return gradient;
    },
  };
}

/** exp(-2s), with s within its limits. */
function precisionsOf(length: number, logSigma: Float64Array | undefined): Float64Array {
  if (!logSigma) return new Float64Array(length).fill(1);
  return logSigma.map((s) => Math.exp(-2 * Math.min(logSigmaLimit, Math.max(-logSigmaLimit, s))));
}

/** The softmax of -γ d² within each row. The nearest word is subtracted before `exp`, so that nothing overflows. */
function sharesOf(distances: Float64Array, words: number, gamma: number): Float64Array {
  const shares = new Float64Array(distances.length);
  for (let from = 0; from < distances.length; from += words) {
    let least = Infinity;
    for (let k = 0; k < words; k++) least = Math.min(least, distances[from + k]!);
    let sum = 0;
    for (let k = 0; k < words; k++) sum += shares[from + k] = Math.exp(-gamma * (distances[from + k]! - least));
    for (let k = 0; k < words; k++) shares[from + k]! /= sum;
  }
  return shares;
}
