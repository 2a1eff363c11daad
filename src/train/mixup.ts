import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../engine/random.js';

/**
 * How much of a sample is its own in mixup (Zhang et al. 2018): from Beta(α, α), by Jöhnk's method, in logarithms so that a
 * small α does not underflow. It draws some 4^α times.
 */
export function drawShare(alpha: number, random: Random): number {
  for (;;) {
    const [a, b] = [Math.log(1 - random.uniform()) / alpha, Math.log(1 - random.uniform()) / alpha];
    if (Math.exp(a) + Math.exp(b) <= 1) return 1 / (1 + Math.exp(b - a));
  }
}

/** share·own + (1 - share)·other, row by row: tensors of one shape, `shares` one a row. */
export function mix<T extends tf.Tensor>(own: T, other: T, shares: readonly number[]): T {
  const share = tf.reshape(tf.tensor1d([...shares]), [shares.length, ...own.shape.slice(1).map(() => 1)]);
  return tf.add(other, tf.mul(tf.sub(own, other), share));
}
