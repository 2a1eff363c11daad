import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Parameters } from '../../models/parameters.js';

/** Mean and deviation of each channel. */
export interface Moments {
  mean: Float32Array;
  deviation: Float32Array;
}

/** Mean and deviation of each of C = `channels` channels over all snippets, by which features are standardised. */
export function momentsOf(features: Iterable<Features>, channels: number): Moments {
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  for (const { data, shape } of features) {
    count += shape[0];
    for (let i = 0; i < data.length; i++) {
      sum[i % channels]! += data[i]!;
      squares[i % channels]! += data[i]! ** 2;
    }
  }
  const mean = sum.map((total) => total / count);
  const deviation = squares.map((total, c) => Math.sqrt(Math.max(total / count - mean[c]! ** 2, 1e-8)) + 1e-3);
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(deviation) };
}

/** Sets the parameters `mean` and `deviation` of a model, whose names may begin with `prefix`. */
export function assignMoments(parameters: Parameters, { mean, deviation }: Moments, prefix = ''): void {
  parameters.assign(`${prefix}mean`, tf.tensor1d(mean));
  parameters.assign(`${prefix}deviation`, tf.tensor1d(deviation));
}
