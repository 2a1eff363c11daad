import type * as tf from '@tensorflow/tfjs-core';
import type { Algebra } from '../algebra.js';

/** How the gates see the cells, `[1, H]` each. */
export interface Peepholes {
  i: tf.Tensor;
  f: tf.Tensor;
  o: tf.Tensor;
}

/** The rows of peepholes `[3, H]`, which are those of i, f and o. */
export function peepholesOf(peepholes: tf.Tensor2D | null, ops: Algebra): Peepholes | null {
  if (!peepholes) return null;
  const row = (n: number) => ops.slice(peepholes, [n, 0], [1, -1]);
  return { i: row(0), f: row(1), o: row(2) };
}

/**
 * The gates of rows `[N, H]` before their cell is known (docs/method.md §16.1): i and f see the cell before the step.
 *
 * @param sums - What the weights make of input and output before: z of i, f, a and o.
 * @param before - The cells before the step.
 */
export function gatesOf(
  [zi, zf, za]: readonly tf.Tensor[],
  before: tf.Tensor,
  peepholes: Peepholes | null,
  ops: Algebra,
): { i: tf.Tensor; f: tf.Tensor; a: tf.Tensor } {
  return {
    i: ops.sigmoid(peepholes ? ops.add(zi!, ops.mul(before, peepholes.i)) : zi!),
    f: ops.sigmoid(peepholes ? ops.add(zf!, ops.mul(before, peepholes.f)) : zf!),
    a: ops.tanh(za!),
  };
}

/** The output gate of rows `[N, H]`, which sees the cell after the step. */
export function outputGate(zo: tf.Tensor, cell: tf.Tensor, peepholes: Peepholes | null, ops: Algebra): tf.Tensor {
  return ops.sigmoid(peepholes ? ops.add(zo, ops.mul(cell, peepholes.o)) : zo);
}
