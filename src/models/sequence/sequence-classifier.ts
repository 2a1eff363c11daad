import * as tf from '@tensorflow/tfjs-core';
import { crossEntropies } from '../classifier.js';
import type { HeadLoss } from '../heads/head.js';
import { linear } from '../layers/dense-layers.js';
import type { Layer, Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';
import { dropped, lstmStack, type LstmStack } from './lstm-stack.js';

export interface SequenceClassifierOptions {
  /** Channels of a frame, D. */
  channels: number;
  units: number;
  layers: number;
  /** K. */
  classes: number;
  /** Fraction of each layer's input, and of the top outputs, that training sets to 0. Nothing is dropped in time. */
  dropout: number;
}

/** Frames of a block, and frames between the beginnings of two blocks. */
const [blockLength, blockStride] = [16, 8];

/**
 * The numbers of the frames of each block of a sequence of n frames: 1 + max(0, ⌊(n − 16)/8⌋) blocks of 16. A shorter
 * sequence is one block that repeats its last frame.
 *
 * @throws RangeError for a sequence of no frames.
 */
export function blocksOf(n: number): number[][] {
  if (n < 1) throw new RangeError('a sequence of no frames has no blocks');
  const blocks = 1 + Math.max(0, Math.floor((n - blockLength) / blockStride));
  return Array.from({ length: blocks }, (_, block) =>
    Array.from({ length: blockLength }, (_, i) => Math.min(block * blockStride + i, n - 1)),
  );
}

/**
 * The classifier of videos by an LSTM over the features of their frames, with a softmax at every step (Srivastava et
 * al. 2015, §3.3; docs/method.md §16.5). Its LSTM's parameters are named as those of the encoder of a
 * `SequenceAutoencoder`, which it can start from.
 */
export class SequenceClassifier {
  readonly parameters: ParameterSpec[];
  private readonly encoder: LstmStack;
  private readonly output: Layer<tf.Tensor>;

  constructor(private readonly options: SequenceClassifierOptions) {
    const { channels, units, layers, classes } = options;
    this.encoder = lstmStack('encoder', { inputs: channels, units, layers });
    this.output = linear('fc', units, classes);
    this.parameters = [...this.encoder.parameters, ...this.output.parameters];
  }

  /** Logits of every step: x `[T, B, D]` → `[T, B, K]`. */
  logits(x: tf.Tensor3D, pass: Pass): tf.Tensor3D {
    const { dropout, layers } = this.options;
    const { outputs } = this.encoder.run(x, x.shape[0], pass, { dropout });
    return this.output.apply(dropped(outputs, dropout, layers, pass), pass) as tf.Tensor3D;
  }

  /**
   * The sum of the cross-entropies of all steps, a mean over items, on the tape.
   *
   * @param x - `[T, B, D]`.
   * @param classes - The class of each item.
   */
  loss(x: tf.Tensor3D, classes: readonly number[], pass: Pass): HeadLoss {
    const [steps, batch] = x.shape;
    const rows = tf.reshape<tf.Rank.R2>(this.logits(x, pass), [steps * batch, this.options.classes]);
    const everyStep = Array.from({ length: steps }, () => classes).flat();
    const each = tf.sum<tf.Tensor1D>(tf.reshape(crossEntropies(rows, everyStep), [steps, batch]), 0);
    return { total: tf.mean(each), terms: {}, items: () => each };
  }

  /**
   * The probability of each class of a whole video: the mean of the softmaxes of all steps of all blocks
   * ({@link blocksOf}).
   *
   * @param features - `[n, D]`, n ≥ 1.
   * @returns `[K]`.
   */
  probabilities(features: tf.Tensor2D, pass: Pass): tf.Tensor1D {
    const blocks = blocksOf(features.shape[0]);
    return tf.tidy(() => {
      // Time comes first: the frames of step 0 of all blocks, then those of step 1.
      const order = Array.from({ length: blockLength }, (_, step) => blocks.map((block) => block[step]!)).flat();
      const x = tf.gather(features, tf.tensor1d(order, 'int32'));
      const shape: [number, number, number] = [blockLength, blocks.length, this.options.channels];
      return tf.mean<tf.Tensor1D>(tf.softmax(this.logits(tf.reshape(x, shape), pass)), [0, 1]);
    });
  }
}
