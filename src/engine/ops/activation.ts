import type * as tf from '@tensorflow/tfjs-core';
import { relu as tfRelu, relu6 as tfRelu6 } from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { isNative, runNative } from './run-native.js';

/** max(x, 0); its gradient is TensorFlow's ReluGrad where that is at hand (one pass, from the output). */
export function relu<T extends tf.Tensor>(x: T): T {
  return isNative() ? nativeWithGradientOfOutput('Relu', 'ReluGrad', x) : tfRelu(x);
}

/** min(max(x, 0), 6). */
export function relu6<T extends tf.Tensor>(x: T): T {
  return isNative() ? nativeWithGradientOfOutput('Relu6', 'Relu6Grad', x) : tfRelu6(x);
}

/** Both gradients need the sign and bound only, so the output serves as well as the input and the input can go. */
function nativeWithGradientOfOutput<T extends tf.Tensor>(op: string, gradientOp: string, x: T): T {
  return differentiable([x], () => {
    const value = runNative(op, [x], 1, {})[0]!;
    return { value, saved: [value], gradient: (dy, saved) => runNative(gradientOp, [dy, saved[0]!], 1, {})[0]! };
  });
}
