import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * Every second step of x `[B, T, C]`, T even, as the largest of it and its two neighbours → `[B, T/2, C]`. Before the first there is nothing. Of
 * ties the first takes the gradient.
 */
export function halvedByMaximum(x: tf.Tensor3D): tf.Tensor3D {
  const [batch, time, channels] = x.shape;
  const half: [number, number, number] = [batch, time / 2, channels];
  return differentiable([x], () => {
    const { before, at, value } = tf.tidy(() => {
      const pairs = tf.reshape<tf.Rank.R3>(x, [batch, time / 2, 2 * channels]);
      const [at, after] = tf.split(pairs, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
      const shifted = tf.pad(
        tf.slice(after, [0, 0, 0], [-1, half[1] - 1, -1]),
        [
          [0, 0],
          [1, 0],
          [0, 0],
        ],
        -Infinity,
      );
      const value = tf.maximum<tf.Tensor3D>(shifted, tf.maximum(at, after));
      return { before: shifted, at, value };
    });
    return {
      value,
      saved: [before, at, value],
      gradient: (dy, [before, at, value]) =>
        tf.tidy(() => {
          const where = (part: tf.Tensor) => tf.cast(tf.greaterEqual(part, value!), 'float32');
          const dBefore = tf.mul<tf.Tensor3D>(dy, where(before!));
          const left = tf.sub(dy, dBefore);
          const dAt = tf.mul(left, where(at!));
          // The step after t is the step before t + 1.
          const dAfter = tf.add(
            tf.sub(left, dAt),
            tf.pad(tf.slice(dBefore, [0, 1, 0], [-1, -1, -1]), [
              [0, 0],
              [0, 1],
              [0, 0],
            ]),
          );
          return tf.reshape(tf.concat([dAt, dAfter], 2), [batch, time, channels]);
        }),
    };
  });
}
