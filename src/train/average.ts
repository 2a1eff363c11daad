import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../models/parameters.js';

/**
 * An exponential moving average of a model's tensors, running statistics among them: they belong to the weights that
 * they were taken under. It starts as a copy.
 */
export class ParameterAverage {
  private readonly values: Map<string, tf.Tensor>;

  /** `decay`: what of the average is kept at a step, in (0, 1). */
  constructor(
    private readonly parameters: Parameters,
    private readonly decay: number,
  ) {
    this.values = new Map(parameters.specs.map(({ name }) => [name, tf.clone(parameters.get(name))]));
  }

  /** average ← average + (1 - d)(value - average); `step` counts from 0, and d is less in the first: (1 + step) / (10 + step). */
  update(step: number): void {
    const decay = Math.min(this.decay, (1 + step) / (10 + step));
    for (const [name, before] of this.values) {
      this.values.set(
        name,
        tf.tidy(() => tf.add(before, tf.mul(tf.sub(this.parameters.get(name), before), 1 - decay))),
      );
      before.dispose();
    }
  }

  /** Puts the average in the parameters' place and keeps theirs, or the reverse. */
  swap(): void {
    for (const [name, held] of this.values) {
      this.values.set(name, tf.clone(this.parameters.get(name)));
      this.parameters.assign(name, held);
    }
  }

  /** What is held by name, to store: the average, or after {@link swap} what is trained. Owned here. */
  slots(): ReadonlyMap<string, tf.Tensor> {
    return this.values;
  }

  /** Takes over stored tensors. */
  restore(slots: ReadonlyMap<string, tf.Tensor>): void {
    for (const [name, before] of this.values) {
      const value = slots.get(name);
      if (!value) throw new Error(`averaged parameter missing: ${name}`);
      before.dispose();
      this.values.set(name, value);
    }
  }

  dispose(): void {
    tf.dispose([...this.values.values()]);
    this.values.clear();
  }
}
