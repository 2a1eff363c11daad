import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';

/** Gradients of trained parameters by name, as tfjs tensors; the receiver owns them. */
export type Gradients = Map<string, tf.Tensor>;

/** One pass through a unit, with what its backward pass needs. */
export interface Recorded<T extends Held> {
  /** The output; it belongs to the record. */
  output: T;
  /**
   * Disposes of dy and of the record. The gradient of the input is the caller's; it is null where it was not wanted.
   */
  backward(dy: T): { dx: T | null; gradients: Gradients };
  /** Frees what the backward pass would need and hands the output over to the caller. */
  release(): T;
  dispose(): void;
}

/**
 * A part of an encoder that is differentiated by hand instead of on a tape. It decides what to keep for its backward
 * pass and what to compute again, and frees each tensor as soon as it has been used. Its input stays the caller's and
 * must live until the backward pass.
 */
export interface Unit {
  parameters: ParameterSpec[];
  /** Runs the unit on x. `inputGradient` is false where the input is the image. */
  record<T extends Held>(kernels: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T>;
  /** Computes the output alone, where that takes less memory than to record a pass and to release it. */
  run?<T extends Held>(kernels: Kernels<T>, x: T, pass: Pass): T;
}

/** Runs units one after the other and keeps nothing for a backward pass. x stays the caller's. */
export function runUnits<T extends Held>(units: readonly Unit[], kernels: Kernels<T>, x: T, pass: Pass): T {
  let at: T | undefined;
  for (const unit of units) {
    const next = unit.run?.(kernels, at ?? x, pass) ?? unit.record(kernels, at ?? x, pass, false).release();
    at?.dispose();
    at = next;
  }
  return at!;
}

/**
 * Records a pass through units one after the other. x must live until the backward pass. Nothing is recorded of the
 * units below the first one with trained parameters: no gradient goes there.
 */
export function recordUnits<T extends Held>(
  units: readonly Unit[],
  kernels: Kernels<T>,
  x: T,
  pass: Pass,
): Omit<Recorded<T>, 'release'> {
  const isTrained = ({ name }: ParameterSpec) => pass.parameters.variable(name).trainable;
  const first = units.findIndex(({ parameters }) => parameters.some(isTrained));
  const frozen = first < 0 ? units : units.slice(0, first);
  let below = frozen.length > 0 ? runUnits(frozen, kernels, x, pass) : undefined;
  const records: Recorded<T>[] = [];
  for (const unit of units.slice(frozen.length))
    records.push(unit.record(kernels, records.at(-1)?.output ?? below ?? x, pass, records.length > 0));
  const free = () => {
    below?.dispose();
    below = undefined;
  };
  return {
    output: (records.at(-1)?.output ?? below)!,
    backward(dy) {
      const all: Gradients = new Map();
      let d: T | null = dy;
      for (let record = records.pop(); record; record = records.pop()) {
        const { dx, gradients } = record.backward(d!);
        for (const [name, gradient] of gradients) all.set(name, gradient);
        d = dx;
      }
      // Of nothing but frozen units the gradient of the output is all that there is.
      if (first < 0) dy.dispose();
      free();
      return { dx: first < 0 ? null : d, gradients: all };
    },
    dispose() {
      for (const record of records) record.dispose();
      free();
    },
  };
}

/** The ways in which a record ends without its backward pass. `forget` must free everything except the output. */
export function unused<T extends Held>(output: T, forget: () => void): Pick<Recorded<T>, 'release' | 'dispose'> {
  return {
    release() {
      forget();
      return output;
    },
    dispose() {
      forget();
      output.dispose();
    },
  };
}

/** Computes f(x) and disposes of x. */
export function consumed<T extends Held, R>(x: T, f: (x: T) => R): R {
  const y = f(x);
  x.dispose();
  return y;
}

/** Computes f by tfjs's ops on views of the kernels' tensors, which stay the caller's. */
export function through<T extends Held>(k: Kernels<T>, inputs: readonly T[], f: (views: tf.Tensor[]) => tf.Tensor): T {
  const result = tf.tidy(() => f(inputs.map(k.view)));
  const own = k.from(result);
  result.dispose();
  return own;
}
