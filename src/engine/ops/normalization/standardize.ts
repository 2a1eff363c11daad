import type * as tf from '@tensorflow/tfjs-core';
import type { Algebra } from '../algebra.js';

/** Rows standardised to mean 0 and variance 1, and the inverses of their standard deviations. */
export interface Standardized {
  /** `[…, C]`. */
  normal: tf.Tensor;
  /** `[…, 1]`. */
  inverse: tf.Tensor;
}

const epsilon = 1e-5;

/**
 * Standardises rows x `[…, C]` to mean 0 and variance 1 (biased, with PyTorch's ε). Means are
 * computed as matrix products.
 */
export function standardized(k: Algebra, x: tf.Tensor): Standardized {
  const average = k.averaging(x.shape.at(-1)!);
  const centred = k.sub(x, k.matMul(x, average));
  const inverse = k.rsqrt(k.add(k.matMul(k.square(centred), average), k.scalar(epsilon)));
  return { normal: k.mul(centred, inverse), inverse };
}

/**
 * Gradients of a layer normalisation of `[N, C]`, or of L of them side by side, `[L, N, C]`: those of its input, scale
 * and offset, given that of its result. Scales are `[C]` or `[L, C]`.
 */
export function normalizationGradients(
  k: Algebra,
  d: tf.Tensor,
  { normal, inverse }: Standardized,
  scale: tf.Tensor,
): { x: tf.Tensor; scale: tf.Tensor; offset: tf.Tensor } {
  const channels = scale.shape.at(-1)!;
  const layers = scale.shape.slice(0, -1);
  const weights = k.mul(k.reshape(scale, [...layers, channels, 1]), k.scalar(1 / channels));
  const byNormal = k.mul(d, normal);
  const along = k.mul(normal, k.matMul(byNormal, weights));
  const scaled = k.mul(d, layers.length === 0 ? scale : k.reshape(scale, [...layers, 1, channels]));
  return {
    x: k.mul(k.sub(k.sub(scaled, along), k.matMul(d, weights)), inverse),
    scale: k.sum(byNormal, d.rank - 2),
    offset: k.sum(d, d.rank - 2),
  };
}
