import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from './layer.js';

/** branch(x) + identity(x), with parameters in PyTorch's order: the branch's first. */
export function residual<T extends tf.Tensor>(branch: Layer<T>, identity: Layer<T>): Layer<T> {
  return {
    parameters: [...branch.parameters, ...identity.parameters],
    apply: (x, pass) => tf.add(branch.apply(x, pass), identity.apply(x, pass)),
  };
}
