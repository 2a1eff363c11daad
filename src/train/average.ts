import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../models/parameters.js';

/**
 * An exponential moving average (EMA) of a model's tensors. It includes the running statistics of batch normalisation,
 * which have to match the averaged weights. It starts as a copy of the tensors.
 */
export class ParameterAverage {
  private readonly values: Map<string, tf.Tensor>;

  /** @param decay - Fraction of the average that is kept at each step, in (0, 1). */
  constructor(
    private readonly parameters: Parameters,
    private readonly decay: number,
  ) {
    this.values = new Map(parameters.specs.map(({ name }) => [name, tf.clone(parameters.get(name))]));
  }

  /** Copies the tensors again, which were changed before the first step. */
  restart(): void {
    for (const [name, before] of this.values) {
      this.values.set(name, tf.clone(this.parameters.get(name)));
      before.dispose();
    }
  }

  /**
   * Moves the average: average ← average + (1 - d)(value - average), where d = min(decay, (1 + step) / (10 + step)), so
   * that the first steps move it faster.
   *
   * @param step - Counts from 0.
   */
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

  /** Exchanges the average and the parameters' values; a second call exchanges them back. */
  swap(): void {
    for (const [name, held] of this.values) {
      this.values.set(name, tf.clone(this.parameters.get(name)));
      this.parameters.assign(name, held);
    }
  }

  /**
   * The tensors held here, by parameter name, for a checkpoint: the average, or after {@link swap} the trained values.
   * They stay owned by this object.
   */
  slots(): ReadonlyMap<string, tf.Tensor> {
    return this.values;
  }

  /**
   * Replaces the average by stored tensors, and owns them from now on.
   *
   * @throws Error when `slots` lacks a parameter.
   */
  restore(slots: ReadonlyMap<string, tf.Tensor>): void {
    for (const [name, before] of this.values) {
      const value = slots.get(name);
      if (!value) throw new Error(`averaged parameter missing: ${name}`);
      before.dispose();
      this.values.set(name, value);
    }
  }

  /** Frees the average's tensors. */
  dispose(): void {
    tf.dispose([...this.values.values()]);
    this.values.clear();
  }
}
