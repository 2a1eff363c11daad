import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../models/parameters.js';

/**
 * Interpolates between the weights before and after training: each tensor of `trained`, running statistics included,
 * becomes start + share · (trained - start) (WiSE-FT; Wortsman et al., CVPR 2022, § 3; docs/method.md §11).
 *
 * @param share - In [0, 1]; 1 leaves `trained` as it is.
 */
export function blend(trained: Parameters, start: Parameters, share: number): void {
  for (const { name } of trained.specs) {
    const between = tf.tidy(() => {
      const from = start.get(name);
      return tf.add(from, tf.mul(tf.sub(trained.get(name), from), share));
    });
    trained.assign(name, between);
  }
}
