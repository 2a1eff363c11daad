import type * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';

/** Gradients of trained parameters by name, as tfjs's tensors; the receiver's. */
export type Gradients = Map<string, tf.Tensor>;

/** One pass through a unit, with what its backward pass needs. */
export interface Recorded<T extends Held> {
  /** Belongs to the record. */
  output: T;
  /** Consumes dy and the record; the gradient of the input is the caller's, null where it was not wanted. */
  backward(dy: T): { dx: T | null; gradients: Gradients };
  /** Frees what the backward pass would need and hands the output over. */
  release(): T;
  dispose(): void;
}

/**
 * A part of an encoder that is differentiated by hand, not on a tape: it says itself what it keeps for its backward pass, what it
 * computes again there, and frees each tensor as soon as it is used. Its input stays the caller's and must live until then.
 */
export interface Unit {
  parameters: ParameterSpec[];
  /** `inputGradient`: false where the input is the image. */
  record<T extends Held>(kernels: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T>;
}

/** A pass through units one after the other, nothing kept; x stays. */
export function runUnits<T extends Held>(units: readonly Unit[], kernels: Kernels<T>, x: T, pass: Pass): T {
  let at: T | undefined;
  for (const unit of units) {
    const next = unit.record(kernels, at ?? x, pass, false).release();
    at?.dispose();
    at = next;
  }
  return at!;
}

/** A recorded pass through units one after the other; x must live until its backward pass. */
export function recordUnits<T extends Held>(
  units: readonly Unit[],
  kernels: Kernels<T>,
  x: T,
  pass: Pass,
): Omit<Recorded<T>, 'release'> {
  const records: Recorded<T>[] = [];
  for (const unit of units) records.push(unit.record(kernels, records.at(-1)?.output ?? x, pass, records.length > 0));
  return {
    output: records.at(-1)!.output,
    backward(dy) {
      const all: Gradients = new Map();
      let d: T | null = dy;
      for (let record = records.pop(); record; record = records.pop()) {
        const { dx, gradients } = record.backward(d!);
        for (const [name, gradient] of gradients) all.set(name, gradient);
        d = dx;
      }
      return { dx: d, gradients: all };
    },
    dispose() {
      for (const record of records) record.dispose();
    },
  };
}

/** How a record ends without its backward pass. `forget` frees all but the output. */
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

/** f(x), x freed. */
export function consumed<T extends Held, R>(x: T, f: (x: T) => R): R {
  const y = f(x);
  x.dispose();
  return y;
}
