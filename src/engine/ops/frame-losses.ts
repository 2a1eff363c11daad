import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * The Bernoulli cross-entropy of frames in nats, summed over pixels: logits and targets (0 to 1) `[S, B, D]` → `[S, B]`
 * (Srivastava et al. 2015; docs/method.md §16.4). The form max(l, 0) − l·t + log(1 + e^−|l|) has no logarithm of 0.
 */
export function bernoulliFrameLoss(logits: tf.Tensor3D, targets: tf.Tensor3D): tf.Tensor2D {
  return frameLoss(
    logits,
    targets,
    (l, t) => tf.add(tf.sub(tf.relu(l), tf.mul(l, t)), tf.log1p(tf.exp(tf.neg(tf.abs(l))))),
    (l, t) => tf.sub(tf.sigmoid(l), t),
  );
}

/** Half the squared error of frames, summed over their channels: values and targets `[S, B, D]` → `[S, B]`. */
export function squaredFrameLoss(values: tf.Tensor3D, targets: tf.Tensor3D): tf.Tensor2D {
  return frameLoss(
    values,
    targets,
    (v, t) => tf.mul(0.5, tf.squaredDifference(v, t)),
    (v, t) => tf.sub(v, t),
  );
}

/** Sums a loss over the last axis. Only the outputs and their targets are kept, and targets have no gradient. */
function frameLoss(
  outputs: tf.Tensor3D,
  targets: tf.Tensor3D,
  loss: (y: tf.Tensor, target: tf.Tensor) => tf.Tensor,
  gradient: (y: tf.Tensor, target: tf.Tensor) => tf.Tensor,
): tf.Tensor2D {
  return differentiable([outputs], () => ({
    value: tf.sum(loss(outputs, targets), 2),
    saved: [outputs, targets],
    gradient: (dy, saved) => tf.tidy(() => tf.mul(gradient(saved[0]!, saved[1]!), tf.expandDims(dy, 2))),
  }));
}
