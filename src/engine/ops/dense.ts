import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { isNative, runNative } from './run-native.js';

/** The activation function of a layer. */
export type Activation = 'linear' | 'relu' | 'sigmoid';

/**
 * activation(x·W + b) of rows x `[N, I]`, W `[I, O]`, b `[O]` → `[N, O]`. Only x and the
 * result are kept for the gradient.
 */
export function dense(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D, activation: Activation): tf.Tensor2D {
  return differentiable([x, weight, bias], () => {
    const y = activated(tf.add(tf.matMul(x, weight), bias), activation);
    return {
      value: y,
      saved: [x, weight, y],
      gradient: (dy, saved) =>
        tf.tidy(() => {
          const [x, weight, y] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
          const d = beforeActivation(dy as tf.Tensor2D, y, activation);
          return [tf.matMul(d, weight, false, true), tf.matMul(x, d, true), tf.sum(d, 0)];
        }),
    };
  });
}

/** Applies an activation. Not recorded on the tape. */
export function activated<T extends tf.Tensor>(x: T, activation: Activation): T {
  if (activation === 'linear') return x;
  return activation === 'relu' ? tf.relu(x) : tf.sigmoid(x);
}

/** The gradient of an activation's input, given dy and the activation's output y. Not recorded on the tape. */
export function beforeActivation<T extends tf.Tensor>(dy: T, y: T, activation: Activation): T {
  if (activation === 'linear') return dy;
  if (activation === 'sigmoid') return tf.mul(dy, tf.mul(y, tf.sub(1, y)));
  return isNative() ? (runNative('ReluGrad', [dy, y], 1, {})[0] as T) : tf.mul(dy, tf.step(y));
}
