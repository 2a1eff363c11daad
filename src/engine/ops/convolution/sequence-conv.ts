import * as tf from '@tensorflow/tfjs-core';
import { convKernels } from './conv2d.js';

/**
 * Convolution over time of `batch` sequences x `[B·T, I]`, each zero-padded, with a filter `[k, I, O]`, k odd →
 * `[B·T/stride, O]`. The stride must divide T. The gradient of x is computed only if it is needed, which it is not
 * where x are constant features.
 */
export function sequenceConvolution(x: tf.Tensor2D, filter: tf.Tensor3D, batch: number, stride: number): tf.Tensor2D {
  const [kernel, inputs, outputs] = filter.shape;
  const pad = (kernel - 1) / 2;
  const kernels = convKernels({ stride: [stride, 1], pad: [pad, pad, 0, 0] });
  const picture = (x: tf.Tensor, channels: number) =>
    tf.reshape<tf.Rank.R4>(x, [batch, x.size / batch / channels, 1, channels]);
  const filter4d = () => tf.reshape<tf.Rank.R4>(filter, [kernel, 1, inputs, outputs]);
  return withLazyGradients({ x, filter }, (save) => {
    save([x]);
    const y = kernels.forward(picture(x, inputs), filter4d());
    return {
      value: tf.reshape<tf.Rank.R2>(y, [x.shape[0] / stride, outputs]),
      gradients: (dy, [x]) => {
        const tensors = [picture(x!, inputs), filter4d(), picture(dy, outputs)] as const;
        return {
          x: () => tf.reshape(kernels.input(...tensors), x!.shape),
          filter: () => tf.reshape(kernels.filter(...tensors), filter.shape),
        };
      },
    };
  });
}

type Gradients = Record<string, () => tf.Tensor>;

/**
 * The function behind tf.customGrad. customGrad computes all gradients at once; here the tape asks
 * only for those that are needed.
 */
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
