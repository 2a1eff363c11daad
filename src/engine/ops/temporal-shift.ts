import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * TSM's shift of x `[N·F, H, W, C]`, where each run of `frames` F is one snippet: the first C/div channels take
 * the next frame's values, the following C/div channels the previous frame's. The ends of a snippet take zeros,
 * so nothing crosses snippets.
 */
export function temporalShift(x: tf.Tensor4D, frames: number, div: number): tf.Tensor4D {
  const fold = Math.floor(x.shape[3] / div);
  return differentiable([x], () => ({
    value: shift(x, frames, fold, 1),
    saved: [],
    // The gradient of the shift is the shift in the other direction.
    gradient: (dy) => shift(dy as tf.Tensor4D, frames, fold, -1),
  }));
}

/**
 * The shift (`direction` 1) or its gradient (-1), made of ops that every backend has. `fold`
 * channels move to either side.
 */
export function shift(x: tf.Tensor4D, frames: number, fold: number, direction: 1 | -1): tf.Tensor4D {
  return tf.tidy(() => {
    const [nf, h, w, c] = x.shape;
    const v = tf.reshape<tf.Rank.R4>(x, [nf / frames, frames, h * w, c]);
    const ahead = moved(tf.slice(v, [0, 0, 0, 0], [-1, -1, -1, fold]), direction);
    const back = moved(tf.slice(v, [0, 0, 0, fold], [-1, -1, -1, fold]), direction === 1 ? -1 : 1);
    const rest = tf.slice(v, [0, 0, 0, 2 * fold], [-1, -1, -1, c - 2 * fold]);
    return tf.reshape(tf.concat([ahead, back, rest], 3), [nf, h, w, c]);
  });
}

/** Moves along axis 1 by one step and fills with zeros: `by` 1 gives y[t] = x[t + 1], -1 gives y[t] = x[t - 1]. */
function moved(x: tf.Tensor4D, by: 1 | -1): tf.Tensor4D {
  const kept = tf.slice(x, [0, by === 1 ? 1 : 0, 0, 0], [-1, x.shape[1] - 1, -1, -1]);
  const zeros: [number, number] = by === 1 ? [0, 1] : [1, 0];
  return tf.pad(kept, [[0, 0], zeros, [0, 0], [0, 0]]);
}
