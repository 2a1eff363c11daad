import * as tf from '@tensorflow/tfjs-core';
import type { GtadOutput } from './gtad-output.js';
import type { BinaryWeights, LossWeights } from './loss-weights.js';

/** G-TAD's loss (docs/method.md §7.6) and its terms: total = tem + 10 reg + cls. */
export interface GtadLoss {
  total: tf.Scalar;
  tem: tf.Scalar;
  reg: tf.Scalar;
  cls: tf.Scalar;
  /** The part of each item in the total, times the number of items: `[B]`, whose mean is the total. */
  items: () => tf.Tensor1D;
}

/** G-TAD's loss of a batch's outputs. The labels are in `weights`. */
export function gtadLoss({ map, start, end }: GtadOutput, weights: LossWeights): GtadLoss {
  const channel = (i: number) => tf.reshape<tf.Rank.R1>(tf.slice(map, [0, 0, i], [-1, -1, 1]), [-1]);
  const starts = logLikelihoods(tf.reshape(start, [-1]), weights.start);
  const ends = logLikelihoods(tf.reshape(end, [-1]), weights.end);
  const tem = tf.add<tf.Scalar>(tf.neg(tf.sum(starts)), tf.neg(tf.sum(ends)));
  const error = tf.sub(channel(0), tf.tensor1d(weights.overlap));
  const errors = tf.mul<tf.Tensor1D>(tf.tensor1d(weights.regression), tf.square(error));
  const reg = tf.sum<tf.Scalar>(errors);
  const overlaps = logLikelihoods(channel(1), weights.classification);
  const cls = tf.neg<tf.Scalar>(tf.sum(overlaps));
  const [batch] = map.shape;
  const ofItem = (values: tf.Tensor) => tf.sum<tf.Tensor1D>(tf.reshape(values, [batch, -1]), 1);
  const items = () => {
    const likelihoods = tf.addN([starts, ends, overlaps].map(ofItem));
    return tf.mul<tf.Tensor1D>(tf.sub(tf.mul(ofItem(errors), 10), likelihoods), batch);
  };
  return { total: tf.addN([tem, tf.mul<tf.Scalar>(reg, 10), cls]), tem, reg, cls, items };
}

/** The weighted log-likelihood of each probability `p`; the negative sum is the cross-entropy. */
function logLikelihoods(p: tf.Tensor1D, { positive, negative }: BinaryWeights): tf.Tensor1D {
  const yes = tf.mul(tf.tensor1d(positive), tf.log(tf.add(p, 1e-6)));
  const no = tf.mul(tf.tensor1d(negative), tf.log(tf.add(tf.sub(1, p), 1e-6)));
  return tf.add(yes, no);
}
