import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../../models/parameters.js';

/** How one parameter is updated: the factor on the learning rate, and the weight decay. */
export interface ParameterRule {
  lr: number;
  weightDecay: number;
}

/** A value that an optimizer stores for a parameter: a tensor, or an object that can be read like one. */
export interface Slot {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
}

/** Updates parameters from gradients. Its state consists of named slots, which checkpoints store. */
export interface Optimizer {
  /**
   * Takes one step.
   *
   * @param gradients - By parameter name. The caller still owns them.
   * @param lr - Base learning rate.
   */
  step(gradients: ReadonlyMap<string, tf.Tensor>, lr: number): void;
  /** The slots by name. The optimizer still owns them. */
  slots(): ReadonlyMap<string, Slot>;
  /**
   * Replaces the slots by stored ones, and owns them from now on.
   *
   * @throws Error when a slot is missing.
   */
  restore(slots: ReadonlyMap<string, tf.Tensor>): void;
  /** Frees the slots. */
  dispose(): void;
}

interface SlotUpdate {
  /** The tensor that is subtracted from the parameter. Like `slots`, a new tensor. */
  change: tf.Tensor;
  slots: tf.Tensor[];
}

/** `age`, the number of steps, is a scalar; the other slots have the parameter's shape. */
type SlotName = 'velocity' | 'mean' | 'square' | 'age';

/** An optimizer whose slots are tensors: they start at 0 and are named `<slot>.<parameter>`. */
class SlotOptimizer implements Optimizer {
  private readonly values = new Map<string, tf.Tensor>();

  constructor(
    private readonly parameters: Parameters,
    private readonly rules: ReadonlyMap<string, ParameterRule>,
    private readonly slotNames: readonly SlotName[],
    private readonly update: (gradient: tf.Tensor, slots: tf.Tensor[], lr: number) => SlotUpdate,
  ) {
    for (const name of rules.keys()) {
      for (const slot of slotNames) {
        this.values.set(`${slot}.${name}`, tf.zeros(slot === 'age' ? [] : parameters.get(name).shape));
      }
    }
  }

  step(gradients: ReadonlyMap<string, tf.Tensor>, lr: number): void {
    for (const [name, rule] of this.rules) {
      const gradient = gradients.get(name);
      if (!gradient) continue;
      const [next, ...slots] = tf.tidy((): tf.Tensor[] => {
        const value = this.parameters.get(name);
        const decayed = rule.weightDecay > 0 ? tf.add(gradient, tf.mul(value, rule.weightDecay)) : gradient;
        const old = this.slotNames.map((slot) => this.values.get(`${slot}.${name}`)!);
        const { change, slots } = this.update(decayed, old, lr * rule.lr);
        return [tf.sub(value, change), ...slots];
      });
      this.parameters.assign(name, next!);
      this.slotNames.forEach((slot, i) => {
        this.replace(`${slot}.${name}`, slots[i]!);
      });
    }
  }

  slots(): ReadonlyMap<string, Slot> {
    const readable = (tensor: tf.Tensor): Slot => ({
      shape: tensor.shape,
      dataSync: () => tensor.dataSync<'float32'>(),
    });
    return new Map([...this.values].map(([name, tensor]) => [name, readable(tensor)]));
  }

  restore(slots: ReadonlyMap<string, tf.Tensor>): void {
    for (const name of this.values.keys()) {
      const value = slots.get(name);
      if (!value) throw new Error(`optimizer slot missing: ${name}`);
      this.replace(name, value);
    }
  }

  dispose(): void {
    tf.dispose([...this.values.values()]);
    this.values.clear();
  }

  private replace(name: string, value: tf.Tensor): void {
    this.values.get(name)?.dispose();
    this.values.set(name, value);
  }
}

/** SGD with heavy-ball momentum, PyTorch's form: v ← μv + g, w ← w - lr·v. */
export function sgd(parameters: Parameters, rules: ReadonlyMap<string, ParameterRule>, momentum: number): Optimizer {
  if (momentum === 0) {
    return new SlotOptimizer(parameters, rules, [], (gradient, _, lr) => ({ change: tf.mul(gradient, lr), slots: [] }));
  }
  return new SlotOptimizer(parameters, rules, ['velocity'], (gradient, [velocity], lr) => {
    const next = tf.add(tf.mul(velocity!, momentum), gradient);
    return { change: tf.mul(next, lr), slots: [next] };
  });
}

/**
 * Adam (Kingma & Ba 2015) with β = 0.9, 0.999 and ε = 1e-8. Decay is added to the gradient (L2), as in G-TAD's recipe.
 */
export function adam(parameters: Parameters, rules: ReadonlyMap<string, ParameterRule>): Optimizer {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  // Each parameter counts its own steps, in a scalar slot, so that the count is stored like the other slots.
  return new SlotOptimizer(parameters, rules, ['mean', 'square', 'age'], (gradient, [mean, square, age], lr) => {
    const nextMean = tf.add(tf.mul(mean!, beta1), tf.mul(gradient, 1 - beta1));
    const nextSquare = tf.add(tf.mul(square!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const nextAge = tf.add(age!, 1);
    const unbiasedMean = tf.div(nextMean, tf.sub(1, tf.pow(beta1, nextAge)));
    const unbiasedSquare = tf.div(nextSquare, tf.sub(1, tf.pow(beta2, nextAge)));
    const change = tf.mul(tf.div(unbiasedMean, tf.add(tf.sqrt(unbiasedSquare), epsilon)), lr);
    return { change, slots: [nextMean, nextSquare, nextAge] };
  });
}
