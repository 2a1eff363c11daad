import * as tf from '@tensorflow/tfjs-core';
import { linear } from './layers/dense-layers.js';
import type { Pass } from './layers/layer.js';
import type { Initializer, ParameterSpec } from './parameters.js';

const zero: Initializer = { type: 'constant', value: 0 };

/**
 * A softmax classifier of feature vectors `[N, C]` → logits `[N, K]`: stage 1 classifies clips with it, stage 3
 * segments. It standardises features by `mean` and `deviation`, which stay 0 and 1 unless they are set.
 */
export class Classifier {
  readonly parameters: ParameterSpec[];
  private readonly layer;

  constructor(channels: number, classes: number, deviation: number) {
    this.layer = linear('fc', channels, classes, { type: 'normal', deviation });
    // TSM starts with a bias of 0, unlike PyTorch's linear layer, whose bias starts at random.
    const layer = this.layer.parameters.map((spec) => (spec.name === 'fc.bias' ? { ...spec, init: zero } : spec));
    this.parameters = [...layer, measured('mean', channels, 0), measured('deviation', channels, 1)];
  }

  /**
   * Logits `[N, K]` of features `[N, C]`.
   *
   * @param dropout - Fraction of the features that is set to 0, drawn by `seed`; 0 for inference.
   */
  logits(features: tf.Tensor2D, pass: Pass, dropout = 0, seed = 0): tf.Tensor2D {
    const { parameters } = pass;
    const standard = tf.div<tf.Tensor2D>(tf.sub(features, parameters.get('mean')), parameters.get('deviation'));
    const kept = dropout > 0 ? tf.dropout(standard, dropout, undefined, seed) : standard;
    return this.layer.apply(kept, pass) as tf.Tensor2D;
  }
}

/** A vector `[channels]` that is measured before training and not trained; `value` stands in it until then. */
export function measured(name: string, channels: number, value: number): ParameterSpec {
  return { name, kind: 'vector', shape: [channels], init: { type: 'constant', value }, trainable: false };
}

/** The cross-entropy of each row: logits `[N, K]` and class numbers → `[N]`. */
export function crossEntropies(logits: tf.Tensor2D, classes: readonly number[]): tf.Tensor1D {
  // TensorFlow.js refuses to make one-hot rows of a single class.
  const target =
    logits.shape[1] === 1 ? tf.onesLike(logits) : tf.oneHot(tf.tensor1d([...classes], 'int32'), logits.shape[1]);
  return tf.neg(tf.sum<tf.Tensor1D>(tf.mul(tf.cast(target, 'float32'), tf.logSoftmax(logits)), 1));
}

/** Mixup's loss of each row: by `shares` that of its own class, and for the rest that of the `others`. */
export function mixedCrossEntropies(
  logits: tf.Tensor2D,
  classes: readonly number[],
  others: readonly number[],
  shares: readonly number[],
): tf.Tensor1D {
  const [own, other] = [crossEntropies(logits, classes), crossEntropies(logits, others)];
  return tf.add(other, tf.mul(tf.sub(own, other), tf.tensor1d([...shares])));
}

/** The mean of the losses of rows `[N]`, as a stage's loss takes it. */
export function meanLoss(each: tf.Tensor1D): {
  total: tf.Scalar;
  terms: Record<string, tf.Scalar>;
  items: () => tf.Tensor1D;
} {
  return { total: tf.mean(each), terms: {}, items: () => each };
}
