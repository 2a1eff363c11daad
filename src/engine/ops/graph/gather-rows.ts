import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';

/** Selects rows of x `[N, C]`, which may be repeated → `[rows, C]`. */
export function gatherRows(x: tf.Tensor2D, rows: readonly number[]): tf.Tensor2D {
  return differentiable([x], () => ({
    value: tf.tidy(() => tf.gather(x, tf.tensor1d([...rows], 'int32'))),
    saved: [],
    gradient: (dy) => tf.tidy(() => tf.scatterND(tf.tensor2d([...rows], [rows.length, 1], 'int32'), dy, x.shape)),
  }));
}
