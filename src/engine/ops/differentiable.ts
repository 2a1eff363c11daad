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

/** {@link ForwardResult} of an op with several values. The gradient gets one of each value: 0 where none came. */
export interface ForwardResults {
  values: tf.Tensor[];
  saved: tf.Tensor[];
  /** One gradient an input; undefined where the caller has said that it is not needed. */
  gradient: (dys: tf.Tensor[], saved: tf.Tensor[]) => (tf.Tensor | undefined)[];
}

/** What tfjs keeps to itself: `tf.customGrad` is made of it, for ops with one value only. */
interface TapeEngine {
  runKernelFunc(op: {
    forwardFunc: (backend: unknown, save: tf.GradSaveFunc) => tf.Tensor[];
    backwardsFunc: (dys: tf.Tensor[], saved: tf.Tensor[]) => Record<string, () => tf.Tensor>;
    inputs: Record<string, tf.Tensor>;
  }): tf.Tensor[];
}

/** {@link differentiable} for an op with two or more values. */
export function differentiableValues(inputs: readonly tf.Tensor[], forward: () => ForwardResults): tf.Tensor[] {
  let result: ForwardResults | undefined;
  return (tf.engine() as unknown as TapeEngine).runKernelFunc({
    inputs: Object.fromEntries(inputs.entries()),
    forwardFunc(_, save) {
      result = forward();
      save(result.saved);
      return result.values;
    },
    backwardsFunc(dys, saved) {
      const gradients = result!.gradient(dys, saved);
      return Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient ?? refuseGradient(i)]));
    },
  });
}

function refuseGradient(input: number): never {
  throw new Error(`input ${input} of this op was said to need no gradient`);
}
