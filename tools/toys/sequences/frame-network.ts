import type { Random } from '../../../src/engine/random.js';
import type { FeatureRows } from '../../../src/models/aggregators/aggregator.js';

/** D of the features that the network makes. */
export const features = 8;

/** Random weights `[inputs, features]` of {@link frameFeatures}. */
export function randomWeights(inputs: number, random: Random): Float64Array {
  return Float64Array.from({ length: inputs * features }, () => random.normal() / Math.sqrt(inputs));
}

/**
 * The features tanh(xW) of each step alone, as a network of single frames makes them: `[T, inputs]` → `[T, features]`.
 */
export function frameFeatures({ data, count, channels }: FeatureRows, weights: Float64Array): FeatureRows {
  const out = new Float64Array(count * features);
  for (let t = 0; t < count; t++)
    for (let k = 0; k < features; k++) {
      let sum = 0;
      for (let d = 0; d < channels; d++) sum += data[t * channels + d]! * weights[d * features + k]!;
      out[t * features + k] = Math.tanh(sum);
    }
  return { data: out, count, channels: features };
}

/** Adds the gradient of the weights to `sums`, given the features and their gradient. */
export function addWeightGradient(
  { data, count, channels }: FeatureRows,
  seen: FeatureRows,
  gradient: Float64Array,
  sums: Float64Array,
): void {
  for (let t = 0; t < count; t++)
    for (let k = 0; k < features; k++) {
      const d = gradient[t * features + k]! * (1 - seen.data[t * features + k]! ** 2);
      for (let i = 0; i < channels; i++) sums[i * features + k]! += d * data[t * channels + i]!;
    }
}
