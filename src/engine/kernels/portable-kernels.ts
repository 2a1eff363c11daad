import * as tf from '@tensorflow/tfjs-core';
import { batchNormFixed } from '../ops/normalization/batch-norm.js';
import {
  portableDepthwise,
  portableFilterGradient,
  portableForward,
  portableInputGradient,
} from '../ops/convolution/conv2d.js';
import { portableLrn } from '../ops/normalization/lrn.js';
import { shift } from '../ops/temporal-shift.js';
import type { Kernels, PoolWindow } from './kernels.js';

/** {@link Kernels} made of tfjs's ops, which run on every backend. */
export const portableKernels: Kernels<tf.Tensor> = {
  from: (x) => tf.clone(x),
  vector: (x) => tf.clone(x),
  toTensor: (x) => x,
  view: (x) => tf.clone(x),
  reshape: (x, shape) => tf.reshape(x, [...shape]),

  conv2d: (x, filter, geometry) => tf.tidy(() => portableForward(images(x), images(filter), geometry)),
  conv2dInput: (dy, filter, input, geometry) =>
    tf.tidy(() => portableInputGradient(images(dy), images(filter), input as Shape4, geometry)),
  conv2dFilter: (x, dy, filter, geometry) =>
    tf.tidy(() => portableFilterGradient(images(x), images(dy), filter as Shape4, geometry)),
  depthwise: (x, filter, geometry) => tf.tidy(() => portableDepthwise(images(x), images(filter), geometry)),
  depthwiseInput: (dy, filter, input, geometry) =>
    tf.tidy(() => tf.grad((x) => portableDepthwise(images(x), images(filter), geometry))(tf.zeros([...input]), dy)),
  depthwiseFilter: (x, dy, filter, geometry) =>
    tf.tidy(() => tf.grad((w) => portableDepthwise(images(x), images(w), geometry))(tf.zeros([...filter]), dy)),
  addBias: (x, bias) => tf.add(x, bias),
  biasGradient: (dy) => tf.sum(dy, [0, 1, 2]),

  batchNorm(x, scale, offset, epsilon, onStatistics) {
    const count = placesOf(x);
    const { y, mean, variance } = tf.tidy(() => {
      const mean = tf.mean<tf.Tensor1D>(x, [0, 1, 2]);
      const variance = tf.mean<tf.Tensor1D>(tf.square(tf.sub(x, mean)), [0, 1, 2]);
      onStatistics({ mean, variance: tf.mul(variance, count / Math.max(count - 1, 1)) });
      const y = batchNormFixed(images(x), scale as tf.Tensor1D, offset as tf.Tensor1D, mean, variance, epsilon);
      return { y, mean, variance };
    });
    return {
      y,
      moments: {
        mean,
        variance,
        dispose() {
          tf.dispose([mean, variance]);
        },
      },
    };
  },
  normalize: (x, { scale, offset, mean, variance, epsilon }) =>
    tf.tidy(() =>
      batchNormFixed(
        images(x),
        scale as tf.Tensor1D,
        offset as tf.Tensor1D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        epsilon,
      ),
    ),
  normalizeGradients: (dy, x, { scale, mean, variance, epsilon }, batch) =>
    tf.tidy(() => {
      const inverse = tf.rsqrt(tf.add(variance, epsilon));
      const normal = tf.mul(tf.sub(x, mean), inverse);
      const dOffset = tf.sum(dy, [0, 1, 2]);
      const dScale = tf.sum(tf.mul(dy, normal), [0, 1, 2]);
      // Terms of the gradient through the batch mean and variance.
      const taken = () => tf.div(tf.add(dOffset, tf.mul(normal, dScale)), placesOf(x));
      const dx = tf.mul(batch ? tf.sub(dy, taken()) : dy, tf.mul(scale, inverse));
      return { x: dx, scale: dScale, offset: dOffset };
    }),

  relu: (x) => tf.relu(x),
  reluGradient: (dy, y) => tf.tidy(() => tf.mul(dy, tf.step(y))),
  relu6: (x) => tf.relu6(x),
  relu6Gradient: (dy, y) => tf.tidy(() => tf.mul(dy, tf.mul(tf.step(y), tf.step(tf.sub(6, y))))),
  add: (a, b) => tf.add(a, b),
  shift: (x, frames, div, direction) => shift(images(x), frames, Math.floor(x.shape[3]! / div), direction),
  maxPool: (x) => tf.tidy(() => maxPool(x)),
  maxPoolGradient(dy, x, by) {
    const normal = portableKernels.normalize(x, by);
    const gradient = tf.grad(maxPool)(normal, dy);
    normal.dispose();
    return gradient;
  },
  pool: (x, window) => poolOf(x, window),
  poolGradient: (dy, x, _y, window) => tf.tidy(() => tf.grad((of) => poolOf(of, window))(x, dy)),
  lrn: (x, constants) => portableLrn.forward(x, constants),
  lrnGradient: (dy, x, y, constants) => portableLrn.gradient(dy, x, y, constants),
  mean: (x) => tf.mean(x, 1),
  meanGradient: (dy, places) => tf.tidy(() => tf.tile(tf.expandDims(tf.div(dy, places), 1), [1, places, 1])),
  scaleImages: (x, mean, deviation) =>
    tf.tidy(() => {
      const [height, width] = x.shape.slice(-3) as [number, number];
      return tf.div(tf.sub(tf.reshape(x, [-1, height, width, 3]), [...mean]), [...deviation]);
    }),
};

type Shape4 = tf.Tensor4D['shape'];

/** Kernels do not distinguish ranks, but the types of tfjs require the rank 4. */
function images(x: tf.Tensor): tf.Tensor4D {
  return x as tf.Tensor4D;
}

function placesOf(x: tf.Tensor): number {
  return x.size / x.shape.at(-1)!;
}

/** Backends disagree on how a pool's padding compares, so the image is padded first, with values below all others. */
function maxPool(x: tf.Tensor): tf.Tensor {
  const around = tf.pad(
    images(x),
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    -3e38,
  );
  return tf.maxPool(around, 3, 2, 'valid');
}

function poolOf(x: tf.Tensor, { size, stride }: PoolWindow): tf.Tensor {
  return tf.maxPool(images(x), [...size], stride, 'valid');
}
