import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../../models/parameters.js';
import type { Optimizer, Slot } from './optimizers.js';
import type { ParameterRules } from './parameter-rules.js';

/** What a step of {@link alexnetVelocity} depends on besides the values. */
interface AlexnetStep {
  momentum: number;
  weightDecay: number;
  lr: number;
}

/**
 * The velocity after one step of the SGD that AlexNet was trained with (Krizhevsky et al. 2012, §5; docs/method.md
 * §15.1): v ← m·v − d·ε·w − ε·g, after which w ← w + v. The rate is inside the velocity, so that steps from before the
 * rate fell go on at the rate that they were made with. {@link sgd} applies the present rate to all of them. While the
 * rate stays the same the two are equal.
 */
export function alexnetVelocity(
  velocity: number,
  value: number,
  gradient: number,
  { momentum, weightDecay, lr }: AlexnetStep,
): number {
  return momentum * velocity - weightDecay * lr * value - lr * gradient;
}

/**
 * SGD by {@link alexnetVelocity}.
 *
 * It computes on plain arrays instead of tensors: the two layers that AlexNet ends with have 54 million weights, of
 * which every op of a chain would make another copy.
 */
export function alexnetSgd(parameters: Parameters, rules: ParameterRules, momentum: number): Optimizer {
  const velocities = new Map(
    [...rules.keys()].map((name): [string, Float32Array] => [name, new Float32Array(parameters.get(name).size)]),
  );
  return {
    step(gradients, lr) {
      for (const [name, { lr: factor, weightDecay }] of rules) {
        const gradient = gradients.get(name)?.dataSync<'float32'>();
        if (!gradient) continue;
        const tensor = parameters.get(name);
        const value = tensor.dataSync<'float32'>();
        const velocity = velocities.get(name)!;
        const step = { momentum, weightDecay, lr: lr * factor };
        const moved = new Float32Array(value.length);
        for (let i = 0; i < moved.length; i++) {
          velocity[i] = alexnetVelocity(velocity[i]!, value[i]!, gradient[i]!, step);
          moved[i] = value[i]! + velocity[i]!;
        }
        parameters.assign(name, tf.tensor(moved, tensor.shape));
      }
    },
    slots: () =>
      new Map(
        [...velocities].map(([name, data]): [string, Slot] => [
          `velocity.${name}`,
          { shape: parameters.get(name).shape, dataSync: () => data },
        ]),
      ),
    restore(slots) {
      for (const [name, data] of velocities) {
        const stored = slots.get(`velocity.${name}`);
        if (!stored) throw new Error(`optimizer slot missing: velocity.${name}`);
        data.set(stored.dataSync<'float32'>());
        stored.dispose();
      }
    },
    dispose: () => undefined,
  };
}
