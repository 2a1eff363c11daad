import * as tf from '@tensorflow/tfjs-core';
import { crossEntropies } from '../classifier.js';
import { linear } from '../layers/dense-layers.js';
import type { Layer, Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';
import { dropped, lstmStack, type LstmStack } from './lstm-stack.js';
import { perceptScale, scaledPercepts } from './percept-scale.js';

export interface SequenceClassifierOptions {
  /** Channels of a frame, D. */
  channels: number;
  units: number;
  layers: number;
  /** K. */
  classes: number;
}

/** Some frames of a video, one after the other. */
export interface FrameSpan {
  first: number;
  /** At least 1. */
  count: number;
}

/** Frames of a block, which training sees of a sequence. */
export const blockLength = 16;
/** Frames between the beginnings of two blocks. */
const blockStride = 8;
/** Numbers of the frames that go through the LSTM at once: blocks overlap, and all of them may not fit into memory. */
const numbersAtOnce = 2 ** 22;

/**
 * The numbers of the frames of each block of a sequence of n frames: 1 + max(0, ⌊(n − 16)/8⌋) blocks of 16. A shorter
 * sequence is one block that repeats its last frame.
 *
 * @throws RangeError for a sequence of no frames.
 */
export function blocksOf(n: number): number[][] {
  if (n < 1) throw new RangeError('a sequence of no frames has no blocks');
  const blocks = 1 + Math.max(0, Math.floor((n - blockLength) / blockStride));
  return Array.from({ length: blocks }, (_, block) => blockAt(block * blockStride, n));
}

/** The numbers of the frames of a block that begins at a frame of n, the last of which is repeated. */
export function blockAt(first: number, n: number): number[] {
  return Array.from({ length: blockLength }, (_, i) => Math.min(first + i, n - 1));
}

/**
 * The classifier of videos by an LSTM over the features of their frames, with a softmax at every step (Srivastava et
 * al. 2015, §3.3; docs/method.md §16.5). Features are standardised, as `pretext` does. LSTM and scale have the names
 * that they have in what `pretext` leaves, from which they can be set ({@link sequence}).
 */
export class SequenceClassifier {
  /** The parameters of LSTM and scale, without those of the softmax. */
  readonly sequence: readonly ParameterSpec[];
  readonly parameters: readonly ParameterSpec[];
  private readonly encoder: LstmStack;
  private readonly output: Layer<tf.Tensor>;

  constructor(private readonly options: SequenceClassifierOptions) {
    const { channels, units, layers, classes } = options;
    this.encoder = lstmStack('encoder', { inputs: channels, units, layers });
    this.output = linear('fc', units, classes);
    this.sequence = [...this.encoder.parameters, ...perceptScale(channels)];
    this.parameters = [...this.sequence, ...this.output.parameters];
  }

  /**
   * Logits of every step: x `[T, B, D]` → `[T, B, K]`. On the tape; x gets no gradient.
   *
   * @param dropout - Fraction of each layer's input, and of the top outputs, that a pass with a `dropoutSeed` sets to
   *   0. Nothing is dropped in time.
   */
  logits(x: tf.Tensor3D, pass: Pass, dropout = 0): tf.Tensor3D {
    const options = { dropout, inputGradient: false };
    const { outputs } = this.encoder.run(scaledPercepts(x, pass), x.shape[0], pass, options);
    return this.output.apply(dropped(outputs, dropout, this.options.layers, pass), pass) as tf.Tensor3D;
  }

  /**
   * The sum of the cross-entropies of all steps of each item, `[B]`, on the tape.
   *
   * @param x - `[T, B, D]`.
   * @param classes - The class of each item.
   */
  losses(x: tf.Tensor3D, classes: readonly number[], pass: Pass, dropout = 0): tf.Tensor1D {
    const [steps, batch] = x.shape;
    const rows = tf.reshape<tf.Rank.R2>(this.logits(x, pass, dropout), [steps * batch, this.options.classes]);
    const everyStep = Array.from({ length: steps }, () => classes).flat();
    return tf.sum<tf.Tensor1D>(tf.reshape(crossEntropies(rows, everyStep), [steps, batch]), 0);
  }

  /**
   * The probability of each class of some sequences of a video: the mean of the softmaxes of all steps of all blocks
   * ({@link blocksOf}).
   *
   * @param features - Of the video, `[L, D]`.
   * @param sequences - Of its frames, N.
   * @returns `[N · K]`.
   */
  probabilities(features: tf.Tensor2D, sequences: readonly FrameSpan[], pass: Pass): Float32Array {
    const { channels, units, classes } = this.options;
    const blocks = sequences.flatMap(({ first, count }, sequence) => {
      const own = blocksOf(count);
      return own.map((block) => ({ sequence, rows: block.map((i) => first + i), share: 1 / own.length }));
    });
    const atOnce = Math.max(1, Math.floor(numbersAtOnce / (blockLength * Math.max(channels, units))));
    const probabilities = new Float32Array(sequences.length * classes);
    for (let from = 0; from < blocks.length; from += atOnce) {
      const some = blocks.slice(from, from + atOnce);
      const means = this.blockProbabilities(features, some.map(({ rows }) => rows), pass); // prettier-ignore
      some.forEach(({ sequence, share }, block) => {
        for (let k = 0; k < classes; k++) probabilities[sequence * classes + k]! += share * means[block * classes + k]!;
      });
    }
    return probabilities;
  }

  /** The mean of the softmaxes of all steps of each block, `[blocks · K]`. */
  private blockProbabilities(features: tf.Tensor2D, blocks: readonly number[][], pass: Pass): Float32Array {
    const means = tf.tidy(() => {
      // Time comes first: the frames of step 0 of all blocks, then those of step 1.
      const order = Array.from({ length: blockLength }, (_, step) => blocks.map((block) => block[step]!)).flat();
      const x = tf.gather(features, tf.tensor1d(order, 'int32'));
      const shape: [number, number, number] = [blockLength, blocks.length, this.options.channels];
      return tf.mean<tf.Tensor2D>(tf.softmax(this.logits(tf.reshape(x, shape), pass)), 0);
    });
    const values = means.dataSync<'float32'>();
    means.dispose();
    return values;
  }
}
