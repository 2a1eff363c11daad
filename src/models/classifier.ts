import * as tf from '@tensorflow/tfjs-core';
import { linear } from './layers/dense.js';
import type { Pass } from './layers/layer.js';
import type { ParameterSpec } from './parameters.js';

/**
 * A softmax over feature vectors `[N, C]` → logits `[N, K]`: of clips in stage 1, of segments in stage 3. Features are
 * standardised by `mean` and `deviation`, which stay 0 and 1 unless set.
 */
export class Classifier {
  readonly parameters: ParameterSpec[];
  private readonly layer;

  constructor(channels: number, classes: number, deviation: number) {
    this.layer = linear('fc', channels, classes, { type: 'normal', deviation });
    const constant = (name: string, value: number): ParameterSpec => ({
      name,
      kind: 'vector',
      shape: [channels],
      init: { type: 'constant', value },
      trainable: false,
    });
    this.parameters = [...this.layer.parameters, constant('mean', 0), constant('deviation', 1)];
  }

  /** `dropout`: part of the features left out, drawn by `seed`; 0 for inference. */
  logits(features: tf.Tensor2D, pass: Pass, dropout = 0, seed = 0): tf.Tensor2D {
    const { parameters } = pass;
    const standard = tf.div<tf.Tensor2D>(tf.sub(features, parameters.get('mean')), parameters.get('deviation'));
    const kept = dropout > 0 ? tf.dropout(standard, dropout, undefined, seed) : standard;
    return this.layer.apply(kept, pass) as tf.Tensor2D;
  }
}

/** Mean cross-entropy of logits `[N, K]` and class numbers. */
export function crossEntropy(logits: tf.Tensor2D, classes: readonly number[]): tf.Scalar {
  const target = tf.oneHot(tf.tensor1d([...classes], 'int32'), logits.shape[1]);
  return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(tf.cast(target, 'float32'), tf.logSoftmax(logits)), 1)));
}
