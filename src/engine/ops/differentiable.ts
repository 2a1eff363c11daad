import * as tf from '@tensorflow/tfjs-core';

/**
 * The result of an op: its value, the tensors that its gradient needs, and the function that
 * computes the gradient of each input.
 */
export interface ForwardResult {
  value: tf.Tensor;
  saved: tf.Tensor[];
  gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
}

/** A simpler form of `tf.customGrad`: runs `forward` and records its gradient with respect to `inputs`. */
export function differentiable<T extends tf.Tensor>(inputs: tf.Tensor[], forward: () => ForwardResult): T {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { value, saved, gradient } = forward();
    save(saved);
    return { value, gradFunc: gradient };
  });
  return op(...inputs) as T;
}
