import * as tf from '@tensorflow/tfjs-core';
import { algebra } from '../algebra.js';
import { differentiable } from '../differentiable.js';
import { normalizationGradients, standardized } from './standardize.js';

/** Further operations on the normalised rows within the same op. */
export interface LayerNormOptions {
  /** Whether negative values become 0. */
  relu?: boolean;
  /** `[N, 1]`: 0 for rows that become 0, otherwise 1; null: no mask. */
  mask?: tf.Tensor2D | null;
}

/**
 * Layer normalisation: standardises each row of x `[N, C]` to mean 0 and variance 1, multiplies by scale and adds
 * offset, both `[C]`. Parameters must outlive the pass.
 */
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
      saved: [normal, inverse, ...(relu ? [value] : mask ? [mask] : [])],
      gradient: (dy, [normal, inverse, last]) =>
        tf.tidy(() => {
          // Where the mask or ReLU gave 0, the output is 0.
          const d = relu ? k.reluGradient(dy, last!) : mask ? k.mul(dy, last!) : dy;
          const gradients = normalizationGradients(k, d, { normal: normal!, inverse: inverse! }, scale);
          return [gradients.x, gradients.scale, gradients.offset];
        }),
    };
  });
}
