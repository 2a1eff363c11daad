import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../models/parameters.js';

/**
 * Goes back part of the way to where training began: each tensor, running statistics among them, becomes start + share · (trained - start)
 * (WiSE-FT; Wortsman et al., CVPR 2022, § 3).
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
