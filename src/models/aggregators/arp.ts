import type { Aggregator } from './aggregator.js';

/** Which weights approximate rank pooling takes: for means of all steps up to each, or for the steps themselves. */
export type ArpWeights = 'timeMean' | 'plain';

/**
 * The weights of approximate rank pooling (Bilen et al., CVPR 2016): one step from 0 along the gradient of the ranking
 * objective. `timeMean`: α_t = 2(T - t + 1) - (T + 1)(H_T - H_(t-1)) with the harmonic numbers H; `plain`: 2t - T - 1.
 * They add up to 0; a single step has the weight 1.
 *
 * @returns α_1 to α_T.
 * @example arpWeights(4, 'plain') // [-3, -1, 1, 3]
 */
export function arpWeights(steps: number, kind: ArpWeights): Float64Array {
  if (steps === 1) return Float64Array.of(1);
  if (kind === 'plain') return Float64Array.from({ length: steps }, (_, i) => 2 * (i + 1) - steps - 1);
  const weights = new Float64Array(steps);
  let harmonic = 0;
  for (let t = steps; t >= 1; t--) {
    harmonic += 1 / t;
    weights[t - 1] = 2 * (steps - t + 1) - (steps + 1) * harmonic;
  }
  return weights;
}

/**
 * The same weights, scaled so that the positive ones add up to 1: a result is then a mean of late steps minus a mean of
 * early ones, whose size does not depend on T.
 */
export function balancedArpWeights(steps: number, kind: ArpWeights): Float64Array {
  const weights = arpWeights(steps, kind);
  const positive = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0);
  return weights.map((weight) => weight / positive);
}

/** Approximate rank pooling by {@link balancedArpWeights}, `[D]`. */
export function arpAggregator(channels: number, kind: ArpWeights): Aggregator {
  return {
    parameters: [],
    channels,
    aggregate({ data, count }) {
      const weights = balancedArpWeights(count, kind);
      const value = new Float64Array(channels);
      for (let t = 0, i = 0; t < count; t++)
        for (let c = 0; c < channels; c++, i++) value[c]! += weights[t]! * data[i]!;
      return {
        value,
        backward: (dValue) => ({
          rows: Float64Array.from(data, (_, i) => weights[Math.floor(i / channels)]! * dValue[i % channels]!),
          parameters: {},
        }),
      };
    },
  };
}
