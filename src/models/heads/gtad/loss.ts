import * as tf from '@tensorflow/tfjs-core';
import type { GtadOutput } from './gtad.js';
import type { BinaryWeights, LossWeights } from './loss-weights.js';

/** G-TAD's loss (docs/method.md §7.6) and its terms: total = tem + 10 reg + cls. */
export interface GtadLoss {
  total: tf.Scalar;
  tem: tf.Scalar;
  reg: tf.Scalar;
  cls: tf.Scalar;
}

/** G-TAD's loss of a batch's outputs. The labels are in `weights`. */
export function gtadLoss({ map, start, end }: GtadOutput, weights: LossWeights): GtadLoss {
  const channel = (i: number) => tf.reshape<tf.Rank.R1>(tf.slice(map, [0, 0, i], [-1, -1, 1]), [-1]);
  const tem = tf.add<tf.Scalar>(
    crossEntropy(tf.reshape(start, [-1]), weights.start),
    crossEntropy(tf.reshape(end, [-1]), weights.end),
  );
  const error = tf.sub(channel(0), tf.tensor1d(weights.overlap));
  const reg = tf.sum<tf.Scalar>(tf.mul(tf.tensor1d(weights.regression), tf.square(error)));
  const cls = crossEntropy(channel(1), weights.classification);
  return { total: tf.addN([tem, tf.mul<tf.Scalar>(reg, 10), cls]), tem, reg, cls };
}

function crossEntropy(p: tf.Tensor1D, { positive, negative }: BinaryWeights): tf.Scalar {
  const yes = tf.mul(tf.tensor1d(positive), tf.log(tf.add(p, 1e-6)));
  const no = tf.mul(tf.tensor1d(negative), tf.log(tf.add(tf.sub(1, p), 1e-6)));
  return tf.neg(tf.sum<tf.Scalar>(tf.add(yes, no)));
}
