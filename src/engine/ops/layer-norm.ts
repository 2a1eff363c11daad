import * as tf from '@tensorflow/tfjs-core';
import { beforeActivation } from './dense.js';
import { differentiable } from './differentiable.js';

/** What is done to a normalised sequence in the same pass. */
export interface LayerNormOptions {
  epsilon?: number;
  /** Negative values become zeros. */
  relu?: boolean;
  /** `[B or 1, T, 1]`, zeros for rows that are to be zeros; null: there are none. */
  mask?: tf.Tensor3D | null;
}

/**
 * Layer normalisation: each row of x `[B, T, C]` to mean 0 and variance 1, then times scale and plus offset, `[C]` both. One op: of its elementwise
 * steps only the normalised rows are kept for the gradient, and sums over rows or channels are matrix products.
 */
export function layerNorm(
  x: tf.Tensor3D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  { epsilon = 1e-5, relu = false, mask = null }: LayerNormOptions = {},
): tf.Tensor3D {
  const [batch, time, channels] = x.shape;
  const rows = batch * time;
  const flat = (x: tf.Tensor) => tf.reshape<tf.Rank.R2>(x, [rows, channels]);
  const averaging = () => tf.fill<tf.Rank.R2>([channels, 1], 1 / channels);

  return differentiable([x, scale, offset], () => {
    const { value, normal, inverse } = tf.tidy(() => {
      const input = flat(x);
      const average = averaging();
      const centred = tf.sub<tf.Tensor2D>(input, tf.matMul(input, average));
      const inverse = tf.rsqrt(tf.add(tf.matMul(tf.square(centred), average), epsilon));
      const normal = tf.mul<tf.Tensor2D>(centred, inverse);
      const scaled = tf.add(tf.mul(normal, scale), offset);
      const positive = tf.reshape(relu ? tf.relu(scaled) : scaled, x.shape);
      return { value: mask ? tf.mul(positive, mask) : positive, normal, inverse };
    });
    return {
      value,
      saved: [normal, inverse, scale, ...(relu ? [value] : mask ? [mask] : [])],
      gradient: (dy, [normal, inverse, scale, last]) =>
        tf.tidy(() => {
          // What the mask or ReLU made zero is zero in the output.
          const d = flat(relu ? beforeActivation(dy, last!, 'relu') : mask ? tf.mul(dy, last!) : dy);
          const dNormal = tf.mul<tf.Tensor2D>(d, normal!);
          const weights = tf.reshape<tf.Rank.R2>(tf.div(scale!, channels), [channels, 1]);
          const ones = tf.ones<tf.Rank.R2>([1, rows]);
          const along = tf.mul(normal!, tf.matMul(dNormal, weights));
          const across = tf.sub(tf.mul(d, scale!), tf.add(along, tf.matMul(d, weights)));
          return [
            tf.reshape(tf.mul(across, inverse!), [batch, time, channels]),
            tf.reshape(tf.matMul(ones, dNormal), [channels]),
            tf.reshape(tf.matMul(ones, d), [channels]),
          ];
        }),
    };
  });
}
