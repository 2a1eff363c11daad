import * as tf from '@tensorflow/tfjs-core';
import { conv2d } from '../../engine/ops/convolution/conv2d.js';
import type { ParameterSpec } from '../parameters.js';
import type { Layer } from './layer.js';

interface SpatialOptions {
  in: number;
  out: number;
  kernel: number;
  /** Stride in space. */
  stride?: number;
  /** Stride in time: only every `frameStride`-th frame is convolved. */
  frameStride?: number;
  /** True where the input is the video, whose gradient is not needed. */
  first?: boolean;
}

/**
 * Convolution over space, 1×k×k without bias: x `[N, T, H, W, in]` → `[N, T', H', W', out]`, padded by (k - 1) / 2. It
 * is computed as the 2-D convolution of each frame.
 */
export function spatialConv(name: string, options: SpatialOptions): Layer<tf.Tensor5D> {
  const { in: inputs, out, kernel, stride = 1, frameStride = 1, first = false } = options;
  const weight = conv3dWeight(name, [1, kernel, kernel, inputs, out]);
  const p = (kernel - 1) / 2;
  return {
    parameters: [weight],
    apply(x, { parameters }) {
      const seen = everyFrame(x, frameStride);
      const [n, t, h, w] = seen.shape;
      const filter = tf.reshape<tf.Rank.R4>(parameters.get(weight.name), [kernel, kernel, inputs, out]);
      const images = tf.reshape<tf.Rank.R4>(seen, [n * t, h, w, inputs]);
      const y = conv2d(images, filter, { stride, pad: [p, p, p, p], inputGradient: !first });
      return tf.reshape(y, [n, t, y.shape[1], y.shape[2], out]);
    },
  };
}

/**
 * Convolution over time, k×1×1 without bias: x `[N, T, H, W, in]` → `[N, T', H, W, out]`, padded by (k - 1) / 2. It is
 * computed as a 2-D convolution of an image whose rows are the frames and whose columns are the places of a frame.
 */
export function temporalConv(
  name: string,
  options: { in: number; out: number; kernel: number; stride?: number },
): Layer<tf.Tensor5D> {
  const { in: inputs, out, kernel, stride = 1 } = options;
  const weight = conv3dWeight(name, [kernel, 1, 1, inputs, out]);
  const p = (kernel - 1) / 2;
  return {
    parameters: [weight],
    apply(x, { parameters }) {
      const [n, t, h, w] = x.shape;
      const filter = tf.reshape<tf.Rank.R4>(parameters.get(weight.name), [kernel, 1, inputs, out]);
      const picture = tf.reshape<tf.Rank.R4>(x, [n, t, h * w, inputs]);
      const y = conv2d(picture, filter, { stride: [stride, 1], pad: [p, p, 0, 0] });
      return tf.reshape(y, [n, y.shape[1], h, w, out]);
    },
  };
}

/** Applies a layer of images `[N, H, W, C]` to every frame of `[N, T, H, W, C]`. */
export function eachFrame(layer: Layer): Layer<tf.Tensor5D> {
  return {
    parameters: layer.parameters,
    apply(x, pass) {
      const [n, t, ...image] = x.shape;
      const y = layer.apply(tf.reshape<tf.Rank.R4>(x, [n * t, ...image]), pass);
      return tf.reshape<tf.Rank.R5>(y, [n, t, ...(y.shape.slice(1) as typeof image)]);
    },
  };
}

function conv3dWeight(name: string, shape: [number, number, number, number, number]): ParameterSpec {
  const [kt, kh, kw, , out] = shape;
  return {
    name: `${name}.weight`,
    kind: 'conv3d',
    shape,
    init: { type: 'he-normal', fanOut: kt * kh * kw * out },
    trainable: true,
  };
}

/** Frames 0, stride, 2·stride, … They are taken by reshape and slice, because StridedSlice has no gradient. */
function everyFrame(x: tf.Tensor5D, stride: number): tf.Tensor5D {
  if (stride === 1) return x;
  const [n, t, ...image] = x.shape;
  const size = image.reduce((a, b) => a * b, 1);
  const kept = Math.ceil(t / stride);
  const whole = tf.pad(tf.reshape(x, [n, t, size]), [
    [0, 0],
    [0, kept * stride - t],
    [0, 0],
  ]);
  const groups = tf.reshape<tf.Rank.R3>(whole, [n * kept, stride, size]);
  return tf.reshape<tf.Rank.R5>(tf.slice(groups, [0, 0, 0], [-1, 1, -1]), [n, kept, ...image]);
}
