import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** Parameters of the focal loss: α is the weight of positives; γ sets how fast easy elements lose weight. */
const alpha = 0.25;
const gamma = 2;

/** The losses of elements, and their derivatives. */
interface Elements {
  values: tf.Tensor;
  slope: tf.Tensor;
}

/**
 * Sum of the sigmoid focal loss (Lin et al. 2017; α = ¼, γ = 2) over elements. Logits and targets (in [0, 1])
 * have the same shape, and weights broadcast to it. Gradients flow to the logits; they are computed in the
 * forward pass, so nothing else is kept.
 */
export function focalLoss(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  return summed(logits, () => focalElements(logits, targets, weights));
}

/** Like {@link focalLoss}, a sum `[B]` for each item of `[B, …]`. */
export function focalLosses(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): tf.Tensor1D {
  return summedByItem(logits, () => focalElements(logits, targets, weights));
}

/**
 * Sum of the 1-D distance-IoU loss (Zheng et al. 2020) over segments that contain a common point. Offsets and
 * targets, `[N, 2]`, are the distances from that point to the start and the end, not negative; weights are `[N, 1]`.
 * Gradients flow to `offsets`.
 */
export function distanceIouLoss(offsets: tf.Tensor2D, targets: tf.Tensor2D, weights: tf.Tensor2D): tf.Scalar {
  return summed(offsets, () => distanceIouElements(offsets, targets, weights));
}

/** Like {@link distanceIouLoss}, the loss `[N]` of each segment. */
export function distanceIouLosses(offsets: tf.Tensor2D, targets: tf.Tensor2D, weights: tf.Tensor2D): tf.Tensor1D {
  return summedByItem(offsets, () => distanceIouElements(offsets, targets, weights));
}

function summed(x: tf.Tensor, elements: () => Elements): tf.Scalar {
  return differentiable([x], () => {
    const { value, slope } = tf.tidy(() => {
      const { values, slope } = elements();
      return { value: tf.sum<tf.Scalar>(values), slope };
    });
    return { value, saved: [slope], gradient: (dy, [slope]) => tf.mul(slope!, dy) };
  });
}

function summedByItem(x: tf.Tensor, elements: () => Elements): tf.Tensor1D {
  const [items] = x.shape as [number];
  const others = x.shape.slice(1).map((_, i) => i + 1);
  return differentiable([x], () => {
    const { value, slope } = tf.tidy(() => {
      const { values, slope } = elements();
      return { value: tf.sum<tf.Tensor1D>(values, others), slope };
    });
    const gradient = (dy: tf.Tensor, [slope]: readonly tf.Tensor[]) =>
      tf.tidy(() => tf.mul(slope!, tf.reshape(dy, [items, ...others.map(() => 1)])));
    return { value, saved: [slope], gradient };
  });
}

function focalElements(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): Elements {
  const p = tf.sigmoid(logits);
  const entropy = tf.sub(tf.softplus(logits), tf.mul(logits, targets));
  // 2t - 1: the sign with which p counts towards the target.
  const side = tf.sub(tf.mul(targets, 2), 1);
  // 1 - p_t = t + p - 2pt.
  const wrong = tf.sub(targets, tf.mul(p, side));
  const balance = tf.mul(weights, tf.sub(1 - alpha, tf.mul(targets, 1 - 2 * alpha)));
  const factor = tf.mul(balance, wrong);
  const easier = tf.mul(tf.mul(tf.mul(side, entropy), tf.mul(p, tf.sub(1, p))), -gamma);
  return {
    values: tf.mul(tf.mul(factor, wrong), entropy),
    slope: tf.mul(factor, tf.add(easier, tf.mul(wrong, tf.sub(p, targets)))),
  };
}

function distanceIouElements(offsets: tf.Tensor2D, targets: tf.Tensor2D, weights: tf.Tensor2D): Elements {
  const epsilon = 1e-8;
  const sum = (x: tf.Tensor) => tf.sum(x, 1, true);
  const shared = sum(tf.minimum(offsets, targets));
  const union = tf.maximum(tf.sub(sum(tf.add(offsets, targets)), shared), epsilon);
  const hull = tf.maximum(sum(tf.maximum(offsets, targets)), epsilon);
  const sides = tf.tensor2d([-0.5, 0.5], [1, 2]);
  const apart = tf.div(sum(tf.mul(tf.sub(offsets, targets), sides)), hull);
  const iou = tf.div(shared, union);
  // Increasing an offset that is too short grows the intersection; increasing one that is too long
  // grows the union and the hull.
  const short = tf.cast(tf.less(offsets, targets), 'float32');
  const long = tf.sub(1, short);
  const dIou = tf.div(tf.sub(short, tf.mul(iou, long)), union);
  const dApart = tf.div(tf.sub(sides, tf.mul(apart, long)), hull);
  return {
    values: tf.mul(weights, tf.add(tf.sub(1, iou), tf.square(apart))),
    slope: tf.mul(weights, tf.sub(tf.mul(tf.mul(apart, 2), dApart), dIou)),
  };
}
