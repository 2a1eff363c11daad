import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { Layer, Pass } from '../layers/layer.js';
import { consumed, type Gradients, type Recorded, type Unit } from './unit.js';

/**
 * Any layer as a unit, for networks without a hand-written backward pass: it keeps only its input and output, and the
 * backward pass runs the layer again on tfjs's tape. This costs a third more compute.
 */
export function tapedUnit<L extends tf.Tensor>(layer: Layer<L>): Unit {
  return {
    parameters: layer.parameters,
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T> {
      const first = tf.tidy(() => {
        const input = k.view(x) as L;
        return layer.apply(input, pass);
      });
      const output = k.from(first);
      first.dispose();
      return {
        output,
        backward(dy) {
          output.dispose();
          const { parameters } = pass;
          const trained = layer.parameters
            .map(({ name }) => name)
            .filter((name) => parameters.variable(name).trainable);
          // The first pass has already handed the statistics out.
          const again: Pass = { ...pass, onStatistics: undefined };
          const found = tf.tidy(() => {
            const input = k.view(x) as L;
            const seeked = [...(inputGradient ? [input] : []), ...trained.map((name) => parameters.variable(name))];
            return tf.grads(() => layer.apply(input, again))(seeked, k.view(dy));
          });
          const dx = inputGradient ? consumed(found.shift()!, k.from) : null;
          dy.dispose();
          const gradients: Gradients = new Map(trained.map((name, i) => [name, found[i]!]));
          return { dx, gradients };
        },
        release: () => output,
        dispose() {
          output.dispose();
        },
      };
    },
  };
}
