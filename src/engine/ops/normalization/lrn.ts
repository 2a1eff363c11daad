import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { isNative, runNative } from '../run-native.js';

/** The constants of local response normalisation (docs/method.md §14.1). */
export interface LrnOptions {
  /** Channels over which a sum runs, n: the channel itself and ⌊n/2⌋ on either side. */
  size: number;
  /** What the sum is added to, k. */
  bias: number;
  alpha: number;
  beta: number;
  /** `paper`: α multiplies the sum, as the formula is printed; `perElement`: α/n does, as in its authors' code. */
  mode: LrnMode;
}

/** Whether α of {@link LrnOptions} is divided by n. */
export type LrnMode = 'paper' | 'perElement';

/** The constants as kernels take them: α is what multiplies the sum of squares, and the sum reaches `radius` far. */
export interface LrnConstants {
  radius: number;
  bias: number;
  alpha: number;
  beta: number;
}

/** The constants as kernels take them. */
export function lrnConstants({ size, bias, alpha, beta, mode }: LrnOptions): LrnConstants {
  return { radius: Math.floor(size / 2), bias, alpha: mode === 'paper' ? alpha : alpha / size, beta };
}

/**
 * Local response normalisation (Krizhevsky et al. 2012, section 3.3) of x `[…, C]`: each value is divided by
 * S^β, where S = k + α Σ a² over the channels around it. Beyond the first and the last channel there is nothing.
 */
export function lrn<T extends tf.Tensor>(x: T, options: LrnOptions): T {
  const constants = lrnConstants(options);
  const { forward, gradient } = isNative() ? native : portableLrn;
  return differentiable<T>([x], () => {
    const value = forward(x, constants);
    return {
      value,
      saved: [x, value],
      gradient: (dy, [x, y]) => gradient(dy, x!, y!, constants),
    };
  });
}

/** LRN and its gradient, given its input x and its output y. Neither is recorded on the tape. */
interface LrnKernels {
  forward: (x: tf.Tensor, constants: LrnConstants) => tf.Tensor;
  gradient: (dy: tf.Tensor, x: tf.Tensor, y: tf.Tensor, constants: LrnConstants) => tf.Tensor;
}

/** TensorFlow's kernels, which take images. */
const native: LrnKernels = {
  forward: (x, constants) =>
    tf.tidy(() => tf.reshape(runNative('LRN', [asImages(x)], 1, attributes(constants))[0]!, x.shape)),
  gradient: (dy, x, y, constants) =>
    tf.tidy(() => {
      const images = [dy, x, y].map(asImages);
      return tf.reshape(runNative('LRNGrad', images, 1, attributes(constants))[0]!, x.shape);
    }),
};

function attributes({ radius, bias, alpha, beta }: LrnConstants) {
  return { depth_radius: radius, bias: { float: bias }, alpha: { float: alpha }, beta: { float: beta } };
}

function asImages(x: tf.Tensor): tf.Tensor4D {
  return tf.reshape<tf.Rank.R4>(x, [1, 1, -1, x.shape.at(-1)!]);
}

/**
 * LRN by ops that every backend has. The gradient is the closed form dx = g S^-β - 2αβ x · Σ g x S^-(β+1), whose sum
 * runs over the same channels, because the neighbours of a channel are those that have it as a neighbour.
 */
export const portableLrn: LrnKernels = {
  forward: (x, constants) => tf.tidy(() => tf.mul(x, tf.pow(sums(x, constants), -constants.beta))),
  gradient: (dy, x, _y, constants) =>
    tf.tidy(() => {
      const { radius, alpha, beta } = constants;
      const s = sums(x, constants);
      const scaled = tf.mul(dy, tf.pow(s, -beta));
      const through = overNeighbours(tf.div(tf.mul(scaled, x), s), radius);
      return tf.sub(scaled, tf.mul(tf.mul(x, through), 2 * alpha * beta));
    }),
};

/** S of each value. */
function sums(x: tf.Tensor, { radius, bias, alpha }: LrnConstants): tf.Tensor {
  return tf.add(tf.mul(overNeighbours(tf.square(x), radius), alpha), bias);
}

/** The sum over the channels up to `radius` away, as a product with a matrix that is 1 near its diagonal. */
function overNeighbours(x: tf.Tensor, radius: number): tf.Tensor {
  const channels = x.shape.at(-1)!;
  const near = tf.linalg.bandPart(tf.ones<tf.Rank.R2>([channels, channels]), radius, radius);
  return tf.reshape(tf.matMul(tf.reshape<tf.Rank.R2>(x, [-1, channels]), near), x.shape);
}
