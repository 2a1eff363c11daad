import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** x·Φ(x), the Gaussian error linear unit, by the error function. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return differentiable([x], () => {
    const { value, below } = tf.tidy(() => {
      const below = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
      return { value: tf.mul(x, below), below };
    });
    return {
      value,
      saved: [x, below],
      // Φ(x) + x·φ(x)
      gradient: (dy, [x, below]) =>
        tf.tidy(() => {
          const density = tf.mul(tf.exp(tf.mul(tf.square(x!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
          return tf.mul(dy, tf.add(below!, tf.mul(x!, density)));
        }),
    };
  });
}
