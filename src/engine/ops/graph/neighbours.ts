import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';

/**
 * The k nearest nodes of each node by squared Euclidean distance, itself among them: x `[B, T, C]` → one-hot
 * `[B, T·k, T]`. No gradient flows through the choice.
 */
export function nearestNeighbours(x: tf.Tensor3D, k: number): tf.Tensor3D {
  // This op has no gradient, so nothing inside is recorded.
  return differentiable([tf.scalar(0)], () => {
    const [batch, time] = x.shape;
    const inner = tf.matMul(x, x, false, true);
    const squares = tf.sum(tf.square(x), 2, true);
    const closeness = tf.sub(tf.sub(tf.mul(inner, 2), squares), tf.transpose(squares, [0, 2, 1]));
    const { indices } = tf.topk(closeness, k);
    const chosen = tf.oneHot(tf.reshape(tf.cast(indices, 'int32'), [batch * time * k]), time);
    const value = tf.reshape(tf.cast(chosen, 'float32'), [batch, time * k, time]);
    return { value, saved: [], gradient: () => tf.scalar(0) };
  });
}

/**
 * The chosen nodes of x `[B, T, C]` → `[B, T, k, C]`. It is a product with the one-hot choice
 * `[B, T·k, T]`, which every backend has.
 */
export function gatherNeighbours(x: tf.Tensor3D, choice: tf.Tensor3D): tf.Tensor4D {
  const [batch, time, channels] = x.shape;
  return differentiable([x], () => ({
    value: tf.reshape(tf.matMul(choice, x), [batch, time, choice.shape[1] / time, channels]),
    saved: [choice],
    gradient: (dy, [choice]) =>
      tf.matMul(choice as tf.Tensor3D, tf.reshape<tf.Rank.R3>(dy, [batch, choice!.shape[1]!, channels]), true),
  }));
}

/**
 * Maximum over the neighbours: x `[B, T, k, C]` → `[B, T, C]`. The first of equal values gets the
 * gradient (tf.max gives it to all).
 */
export function maxOverNeighbours(x: tf.Tensor4D): tf.Tensor3D {
  return differentiable([x], () => ({
    value: tf.max(x, 2),
    saved: [tf.argMax(x, 2)],
    gradient: (dy, [winner]) => {
      const chosen = tf.cast(tf.oneHot(winner as tf.Tensor, x.shape[2]), 'float32');
      return tf.transpose(tf.mul(chosen, tf.expandDims(dy, -1)), [0, 1, 3, 2]);
    },
  }));
}
