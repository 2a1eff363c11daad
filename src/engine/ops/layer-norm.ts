import * as tf from '@tensorflow/tfjs-core';
import { algebra } from './algebra.js';
import { differentiable } from './differentiable.js';
import { columnSums, standardized, standardizedGradient } from './standardize.js';

/** What is done to normalised rows in the same op. */
export interface LayerNormOptions {
  /** Negative values become zeros. */
  relu?: boolean;
  /** `[N, 1]`, zeros for rows that are to be zeros; null: there are none. */
  mask?: tf.Tensor2D | null;
}

/** Layer normalisation: each row of x `[N, C]` to mean 0 and variance 1, then times scale and plus offset, `[C]` both. */
export function layerNorm(
  x: tf.Tensor2D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  { relu = false, mask = null }: LayerNormOptions = {},
): tf.Tensor2D {
  const k = algebra();
  return differentiable([x, scale, offset], () => {
    const { value, normal, inverse } = tf.tidy(() => {
      const { normal, inverse } = standardized(k, x);
      const scaled = k.add(k.mul(normal, scale), offset);
      const positive = relu ? k.relu(scaled) : scaled;
      return { value: mask ? k.mul(positive, mask) : positive, normal, inverse };
    });
    return {
      value,
      saved: [normal, inverse, scale, ...(relu ? [value] : mask ? [mask] : [])],
      gradient: (dy, [normal, inverse, scale, last]) =>
        tf.tidy(() => {
          // What the mask or ReLU made zero is zero in the output.
          const d = relu ? k.reluGradient(dy, last!) : mask ? k.mul(dy, last!) : dy;
          const rows = { normal: normal!, inverse: inverse! };
          const sums = (x: tf.Tensor) => k.reshape(columnSums(k, x), scale!.shape);
          return [standardizedGradient(k, k.mul(d, scale!), rows), sums(k.mul(d, normal!)), sums(d)];
        }),
    };
  });
}
