import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { isNative, runNative } from '../run-native.js';

/** Number of zeros added at [top, bottom, left, right]. */
export type Padding = readonly [number, number, number, number];

/** Stride and padding of a convolution. The padding is explicit as in PyTorch, not TensorFlow's "same". */
export interface ConvGeometry {
  /** For both axes, or [rows, columns]. */
  stride: number | readonly [number, number];
  pad: Padding;
  /** False where x needs no gradient (the first layer), which saves half of the backward pass. */
  inputGradient?: boolean;
}

/**
 * 2-D convolution with explicit padding and a gradient on every backend: x `[N, H, W, C]`, filter
 * `[kh, kw, C, O]` → `[N, H', W', O]`.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, geometry: ConvGeometry): tf.Tensor4D {
  return convWithGradients(x, filter, geometry.inputGradient ?? true, convKernels(geometry));
}

/** A convolution and its gradients, none of them recorded on the tape. */
export interface ConvKernels {
  forward: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;
  input: (x: tf.Tensor4D, filter: tf.Tensor4D, dy: tf.Tensor4D) => tf.Tensor;
  filter: (x: tf.Tensor4D, filter: tf.Tensor4D, dy: tf.Tensor4D) => tf.Tensor;
}

/** The kernels of the running engine. */
export function convKernels(geometry: ConvGeometry): ConvKernels {
  return isNative()
    ? nativeKernels('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', geometry)
    : portableKernels(geometry);
}

/** Geometry with one stride for both axes, as TensorFlow's depthwise kernel needs it. */
export type EvenGeometry = ConvGeometry & { stride: number };

/** Depthwise 2-D convolution: x `[N, H, W, C]`, filter `[kh, kw, C, 1]` → `[N, H', W', C]`. */
export function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, geometry: EvenGeometry): tf.Tensor4D {
  if (!isNative()) return portableDepthwise(x, filter, geometry);
  const op = 'DepthwiseConv2dNative';
  const kernels = nativeKernels(op, `${op}BackpropInput`, `${op}BackpropFilter`, geometry);
  return convWithGradients(x, filter, geometry.inputGradient ?? true, kernels);
}

function nativeKernels(
  op: string,
  inputOp: string,
  filterOp: string,
  { stride, pad: [top, bottom, left, right] }: ConvGeometry,
): ConvKernels {
  const attributes = {
    strides: [1, ...bothAxes(stride), 1],
    padding: 'EXPLICIT',
    explicit_paddings: [0, 0, top, bottom, left, right, 0, 0],
    data_format: 'NHWC',
    dilations: [1, 1, 1, 1],
  };
  const run = (name: string, inputs: tf.Tensor[]) => runNative(name, inputs, 1, attributes)[0]!;
  return {
    forward: (x, filter) => run(op, [x, filter]),
    input: (x, filter, dy) => run(inputOp, [tf.tensor1d(x.shape, 'int32'), filter, dy]),
    filter: (x, filter, dy) => run(filterOp, [x, tf.tensor1d(filter.shape, 'int32'), dy]),
  };
}

/** The gradients are made of forward ops, because wasm lacks a kernel for the filter's gradient. */
function portableKernels(geometry: ConvGeometry): ConvKernels {
  return {
    forward: (x, filter) => portableForward(x, filter, geometry),
    input: (x, filter, dy) => portableInputGradient(dy, filter, x.shape, geometry),
    filter: (x, filter, dy) => portableFilterGradient(x, dy, filter.shape, geometry),
  };
}

function convWithGradients(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputGradient: boolean,
  kernels: ConvKernels,
): tf.Tensor4D {
  return differentiable(inputGradient ? [x, filter] : [filter], () => ({
    value: kernels.forward(x, filter),
    saved: [x, filter],
    gradient: (dy, saved) => {
      const tensors = [...saved, dy] as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const dFilter = tf.tidy(() => kernels.filter(...tensors));
      return inputGradient ? [tf.tidy(() => kernels.input(...tensors)), dFilter] : dFilter;
    },
  }));
}

export function portableForward(x: tf.Tensor4D, filter: tf.Tensor4D, { stride, pad }: ConvGeometry): tf.Tensor4D {
  return tf.conv2d(padded(x, pad), filter, bothAxes(stride), 'valid');
}

export function portableInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  [n, h, w, c]: tf.Tensor4D['shape'],
  { stride, pad }: ConvGeometry,
): tf.Tensor4D {
  const full: [number, number, number, number] = [n, h + pad[0] + pad[1], w + pad[2] + pad[3], c];
  return tf.slice(
    tf.conv2dTranspose(dy, filter, full, bothAxes(stride), 'valid'),
    [0, pad[0], pad[2], 0],
    [n, h, w, c],
  );
}

/**
 * The filter's gradient as a convolution of x with dy, dilated by the stride, with the axes
 * of batch and channels swapped.
 */
export function portableFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  [kh, kw]: tf.Tensor4D['shape'],
  { stride, pad }: ConvGeometry,
): tf.Tensor4D {
  const [, oh, ow] = dy.shape;
  const all = padded(x, pad);
  const [down, across] = bothAxes(stride);
  const rows = (oh - 1) * down + kh;
  const columns = (ow - 1) * across + kw;
  const used = tf.slice(all, [0, 0, 0, 0], [all.shape[0], rows, columns, all.shape[3]]);
  const gradient = tf.conv2d(tf.transpose(used, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, 'valid', 'NHWC', [
    down,
    across,
  ]);
  return tf.transpose(gradient, [1, 2, 0, 3]);
}

/** Depthwise convolution as kh·kw shifted products: elementwise ops whose gradients every backend has. */
export function portableDepthwise(x: tf.Tensor4D, filter: tf.Tensor4D, { stride, pad }: EvenGeometry): tf.Tensor4D {
  const [kh, kw, c] = filter.shape;
  const all = padded(x, pad);
  const [n, h, w] = all.shape;
  const oh = Math.floor((h - kh) / stride) + 1;
  const ow = Math.floor((w - kw) / stride) + 1;
  // The padding makes whole strides, so that "every stride-th row" is a reshape and a slice
  // (StridedSlice has no gradient).
  const room = tf.pad(all, [
    [0, 0],
    [0, Math.max(0, kh - 1 + oh * stride - h)],
    [0, Math.max(0, kw - 1 + ow * stride - w)],
    [0, 0],
  ]);
  let sum: tf.Tensor4D | undefined;
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const block = tf.slice(room, [0, i, j, 0], [n, oh * stride, ow * stride, c]);
      const tap = tf.reshape<tf.Rank.R4>(
        tf.slice(tf.reshape(block, [n * oh, stride, ow, stride * c]), [0, 0, 0, 0], [n * oh, 1, ow, c]),
        [n, oh, ow, c],
      );
      const term = tf.mul<tf.Tensor4D>(tap, tf.reshape(tf.slice(filter, [i, j, 0, 0], [1, 1, c, 1]), [1, 1, 1, c]));
      sum = sum ? tf.add<tf.Tensor4D>(sum, term) : term;
    }
  }
  return sum!;
}

/** A stride as [rows, columns]. */
export function bothAxes(stride: ConvGeometry['stride']): [number, number] {
  return typeof stride === 'number' ? [stride, stride] : [...stride];
}

function padded(x: tf.Tensor4D, [top, bottom, left, right]: Padding): tf.Tensor4D {
  if (top + bottom + left + right === 0) return x;
  return tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}
