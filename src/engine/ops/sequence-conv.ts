import * as tf from '@tensorflow/tfjs-core';
import { portableFilterGradient, portableForward, portableInputGradient, type ConvGeometry } from './conv2d.js';
import { isNative, runNative } from './native.js';

/**
 * Convolution over time of `batch` sequences x `[B·T, I]` with zeros around each, filter `[k, I, O]`, k odd → `[B·T/stride, O]`; T divides by the
 * stride. The gradient of x is only computed where somebody wants it: features that are constants do not.
 */
export function sequenceConvolution(x: tf.Tensor2D, filter: tf.Tensor3D, batch: number, stride: number): tf.Tensor2D {
  const [kernel, inputs, outputs] = filter.shape;
  const pad = (kernel - 1) / 2;
  const geometry: ConvGeometry = { stride: [stride, 1], pad: [pad, pad, 0, 0] };
  const { forward, byInput, byFilter } = isNative() ? nativeKernels(geometry) : portableKernels(geometry);
  const picture = (x: tf.Tensor, channels: number) =>
    tf.reshape<tf.Rank.R4>(x, [batch, x.size / batch / channels, 1, channels]);
  const filter4d = () => tf.reshape<tf.Rank.R4>(filter, [kernel, 1, inputs, outputs]);
  return withLazyGradients({ x, filter }, (save) => {
    save([x]);
    const y = forward(picture(x, inputs), filter4d());
    return {
      value: tf.reshape<tf.Rank.R2>(y, [x.shape[0] / stride, outputs]),
      gradients: (dy, [x]) => ({
        x: () => tf.reshape(byInput(picture(dy, outputs), filter4d(), picture(x!, inputs).shape), x!.shape),
        filter: () => tf.reshape(byFilter(picture(x!, inputs), picture(dy, outputs), filter4d().shape), filter.shape),
      }),
    };
  });
}

interface Kernels {
  forward: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;
  byInput: (dy: tf.Tensor4D, filter: tf.Tensor4D, shape: tf.Tensor4D['shape']) => tf.Tensor;
  byFilter: (x: tf.Tensor4D, dy: tf.Tensor4D, shape: tf.Tensor4D['shape']) => tf.Tensor;
}

function nativeKernels({ stride, pad }: ConvGeometry): Kernels {
  const attributes = {
    strides: [1, ...(stride as [number, number]), 1],
    padding: 'EXPLICIT',
    explicit_paddings: [0, 0, ...pad, 0, 0],
    data_format: 'NHWC',
    dilations: [1, 1, 1, 1],
  };
  const run = (op: string, inputs: tf.Tensor[]) => runNative(op, inputs, 1, attributes)[0]!;
  return {
    forward: (x, filter) => run('Conv2D', [x, filter]),
    byInput: (dy, filter, shape) => run('Conv2DBackpropInput', [tf.tensor1d(shape, 'int32'), filter, dy]),
    byFilter: (x, dy, shape) => run('Conv2DBackpropFilter', [x, tf.tensor1d(shape, 'int32'), dy]),
  };
}

function portableKernels(geometry: ConvGeometry): Kernels {
  return {
    forward: (x, filter) => portableForward(x, filter, geometry),
    byInput: (dy, filter, shape) => portableInputGradient(dy, filter, shape, geometry),
    byFilter: (x, dy, shape) => portableFilterGradient(x, dy, shape, geometry),
  };
}

type Gradients = Record<string, () => tf.Tensor>;

/** What tf.customGrad is made of: it asks for all gradients at once, the tape behind it only for those that somebody wants. */
interface TapeEngine {
  runKernelFunc(call: {
    inputs: Record<string, tf.Tensor>;
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
    backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Gradients;
  }): tf.Tensor;
}

function withLazyGradients<T extends tf.Tensor>(
  inputs: Record<string, tf.Tensor>,
  forward: (save: (tensors: tf.Tensor[]) => void) => {
    value: T;
    gradients: (dy: tf.Tensor, saved: tf.Tensor[]) => Gradients;
  },
): T {
  let gradients: (dy: tf.Tensor, saved: tf.Tensor[]) => Gradients;
  const engine = tf.engine() as unknown as TapeEngine;
  return engine.runKernelFunc({
    inputs,
    forwardFunc(_, save) {
      const result = forward(save);
      ({ gradients } = result);
      return result.value;
    },
    backwardsFunc: (dy, saved) => gradients(dy, saved),
  }) as T;
}
