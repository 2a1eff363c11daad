import type * as tf from '@tensorflow/tfjs-core';
import { relu as tfRelu, relu6 as tfRelu6 } from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { isNative, runNative } from './run-native.js';

/** max(x, 0). On the native engine the gradient is TensorFlow's ReluGrad: a single pass, from the output. */
export function relu<T extends tf.Tensor>(x: T): T {
  return isNative() ? nativeWithGradientOfOutput('Relu', 'ReluGrad', x) : tfRelu(x);
}

/** min(max(x, 0), 6). */
export function relu6<T extends tf.Tensor>(x: T): T {
  return isNative() ? nativeWithGradientOfOutput('Relu6', 'Relu6Grad', x) : tfRelu6(x);
}

/** Both gradients need only the sign and the bound, which the output tells too, so the input need not be kept. */
function nativeWithGradientOfOutput<T extends tf.Tensor>(op: string, gradientOp: string, x: T): T {
  return differentiable([x], () => {
    const value = runNative(op, [x], 1, {})[0]!;
    return { value, saved: [value], gradient: (dy, saved) => runNative(gradientOp, [dy, saved[0]!], 1, {})[0]! };
  });
}
