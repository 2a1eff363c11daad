import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../../models/parameters.js';
import type { Optimizer, Slot } from './optimizers.js';
import type { ParameterRules } from './parameter-rules.js';

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

/** The optimizer's state of one parameter: moving averages of its gradient and of the gradient's square. */
interface Moments {
  mean: Float32Array;
  square: Float32Array;
  /** The number of steps taken, `[1]`. */
  age: Float32Array;
}

/**
 * AdamW (Loshchilov & Hutter 2019): Adam with β = 0.9, 0.999 and ε = 1e-8, and decoupled decay: w ← (1 - lr·decay)·w in
 * addition to Adam's step.
 *
 * It computes on plain arrays instead of tensors: an attention network has hundreds of small tensors, and the overhead
 * of twenty ops for each would exceed the arithmetic.
 */
export function adamW(parameters: Parameters, rules: ParameterRules): Optimizer {
  const moments = new Map(
    [...rules.keys()].map((name): [string, Moments] => {
      const { size } = parameters.get(name);
      return [name, { mean: new Float32Array(size), square: new Float32Array(size), age: new Float32Array(1) }];
    }),
  );
  /** Yields every array with its name `<slot>.<parameter>` and its shape. */
  function* arrays(): Generator<[string, Float32Array, number[]]> {
    for (const [name, { mean, square, age }] of moments) {
      const { shape } = parameters.get(name);
      yield [`mean.${name}`, mean, shape];
      yield [`square.${name}`, square, shape];
      yield [`age.${name}`, age, []];
    }
  }
  return {
    step(gradients, lr) {
      for (const [name, rule] of rules) {
        const gradient = gradients.get(name);
        if (!gradient) continue;
        const value = parameters.get(name);
        const moved = descend(
          value.dataSync<'float32'>(),
          gradient.dataSync<'float32'>(),
          moments.get(name)!,
          lr * rule.lr,
          rule.weightDecay,
        );
        parameters.assign(name, tf.tensor(moved, value.shape));
      }
    },
    slots: () =>
      new Map([...arrays()].map(([slot, data, shape]): [string, Slot] => [slot, { shape, dataSync: () => data }])),
    restore(slots) {
      for (const [slot, data] of arrays()) {
        const stored = slots.get(slot);
        if (!stored) throw new Error(`optimizer slot missing: ${slot}`);
        data.set(stored.dataSync<'float32'>());
        stored.dispose();
      }
    },
    dispose: () => undefined,
  };
}

/** Takes one step of one parameter: returns its new values, and updates the moments in place. */
function descend(
  value: Float32Array,
  gradient: Float32Array,
  { mean, square, age }: Moments,
  lr: number,
  decay: number,
): Float32Array {
  age[0]!++;
  const [steps] = age as unknown as [number];
  const left = 1 - lr * decay;
  const rate = lr / (1 - beta1 ** steps);
  const unbias = 1 / (1 - beta2 ** steps);
  const moved = new Float32Array(value.length);
  for (let i = 0; i < moved.length; i++) {
    const g = gradient[i]!;
    const m = beta1 * mean[i]! + (1 - beta1) * g;
    const s = beta2 * square[i]! + (1 - beta2) * g * g;
    mean[i] = m;
    square[i] = s;
    moved[i] = left * value[i]! - (rate * m) / (Math.sqrt(s * unbias) + epsilon);
  }
  return moved;
}
