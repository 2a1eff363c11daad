import * as tf from '@tensorflow/tfjs-core';
import { evenSizes } from './shuffled.js';

/**
 * The losses of items by the trained model, `chunk` items at a time. No tensor is left behind.
 *
 * @param losses - Computes the loss of each of some items, `[n]`.
 */
export function scoresInChunks(
  items: readonly number[],
  chunk: number,
  losses: (some: readonly number[]) => tf.Tensor1D,
): number[] {
  return evenSizes(items.length, chunk).flatMap((size, i) => {
    const each = tf.tidy(() => losses(items.slice(i * chunk, i * chunk + size)));
    const scores = [...each.dataSync<'float32'>()];
    each.dispose();
    return scores;
  });
}
