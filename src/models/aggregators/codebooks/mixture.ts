import type { Random } from '../../../engine/random.js';
import type { FeatureRows } from '../aggregator.js';
import { kMeans } from './k-means.js';
import { posteriors, type Mixture } from './posteriors.js';

/** A mixture, and how it came to be. */
export interface FittedMixture extends Mixture {
  /** The mean log-likelihood of a row, in nats, before each step, and at the end. It never falls. */
  readonly logLikelihoods: readonly number[];
}

const mostIterations = 100;
/** Nats for a row and a channel: with a smaller gain, the mixture has settled. */
const leastGain = 1e-5;
/** No variance is less than this part of the mean variance of all channels, nor than {@link leastVariance}. */
const varianceFloor = 1e-6;
const leastVariance = 1e-12;

/**
 * Fits a mixture of K normal distributions with diagonal covariances by expectation and maximisation, started from
 * k-means: until a step gains less than 1e-5 nats for a row and a channel, at most 100 times.
 *
 * A variance is at least 1e-6 times the mean variance of the channels, and at least 1e-12, so that channels in which
 * all rows are equal do no harm. A component without rows, as where there are fewer different rows than components, has
 * the weight 0, and the floor as variance.
 *
 * @param rows - N ≥ 1 rows of D channels.
 * @param components - K.
 * @throws Error if there are no rows.
 */
export function fitMixture(rows: FeatureRows, components: number, random: Random): FittedMixture {
  const { centres, words } = kMeans(rows, components, random);
  const floor = floorOf(rows);
  const hard = new Float64Array(rows.count * components);
  words.forEach((k, n) => (hard[n * components + k] = 1));
  const none = new Float64Array(centres.length).fill(floor);
  let mixture = maximise(rows, hard, { means: centres, variances: none }, floor);
  const logLikelihoods: number[] = [];
  for (let iteration = 0; ; iteration++) {
    const expected = posteriors(rows, mixture);
    const gain = expected.logLikelihood - (logLikelihoods.at(-1) ?? -Infinity);
    logLikelihoods.push(expected.logLikelihood);
    if (iteration === mostIterations || gain < leastGain * rows.channels) return { ...mixture, logLikelihoods };
    mixture = maximise(rows, expected.posteriors, mixture, floor);
  }
}

/** The weights, means and variances of the rows' shares. A component without any stays where it was. */
function maximise(
  { data, count, channels }: FeatureRows,
  shares: Float64Array,
  before: Omit<Mixture, 'weights'>,
  floor: number,
): Mixture {
  const components = shares.length / count;
  const totals = new Float64Array(components);
  // Sums of differences from the means of before, and of their squares: one pass, and little cancels.
  const first = new Float64Array(before.means.length);
  const second = new Float64Array(before.means.length);
  for (let n = 0, at = 0; n < count; n++) {
    for (let k = 0; k < components; k++, at++) {
      const share = shares[at]!;
      if (share === 0) continue;
      totals[k]! += share;
      for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++) {
        const difference = data[i]! - before.means[j]!;
        first[j]! += share * difference;
        second[j]! += share * difference * difference;
      }
    }
  }
  const means = before.means.slice();
  const variances = before.variances.slice();
  for (let j = 0; j < means.length; j++) {
    const total = totals[Math.floor(j / channels)]!;
    if (total === 0) continue;
    const moved = first[j]! / total;
    means[j]! += moved;
    variances[j] = Math.max(floor, second[j]! / total - moved * moved);
  }
  return { weights: totals.map((total) => total / count), means, variances };
}

function floorOf({ data, count, channels }: FeatureRows): number {
  const means = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) means[i % channels]! += data[i]! / count;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i]! - means[i % channels]!) ** 2;
  return Math.max(leastVariance, (varianceFloor * sum) / data.length);
}
