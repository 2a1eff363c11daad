import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../engine/random.js';

/**
 * Draws the share that a sample keeps of itself in mixup (Zhang et al. 2018) from Beta(α, α). Uses Jöhnk's method, in
 * logarithms so that a small α does not underflow; it needs about 4^α attempts.
 *
 * @returns A number in [0, 1].
 */
export function drawShare(alpha: number, random: Random): number {
  for (;;) {
    const [a, b] = [Math.log(1 - random.uniform()) / alpha, Math.log(1 - random.uniform()) / alpha];
    if (Math.exp(a) + Math.exp(b) <= 1) return 1 / (1 + Math.exp(b - a));
  }
}

/**
 * Returns share·own + (1 - share)·other, row by row.
 *
 * @param own - Tensor `[N, …]`; `other` has the same shape.
 * @param shares - One share for each row, N.
 */
export function mix<T extends tf.Tensor>(own: T, other: T, shares: readonly number[]): T {
  const share = tf.reshape(tf.tensor1d([...shares]), [shares.length, ...own.shape.slice(1).map(() => 1)]);
  return tf.add(other, tf.mul(tf.sub(own, other), share));
}
