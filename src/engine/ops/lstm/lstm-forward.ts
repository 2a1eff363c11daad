import * as tf from '@tensorflow/tfjs-core';
import { algebra } from '../algebra.js';
import { gatesOf, outputGate, peepholesOf } from './lstm-gates.js';
import type { LstmHistory, LstmState, PeepholeLstmWeights } from './lstm-tensors.js';

/**
 * Runs a layer through time. Not recorded on the tape.
 *
 * @param x - `[T, B, I]`; null for a layer without input.
 */
export function lstmForward(
  x: tf.Tensor3D | null,
  weights: PeepholeLstmWeights,
  initial: LstmState,
  steps: number,
): LstmHistory {
  const ops = algebra();
  return tf.tidy(() => {
    const peepholes = peepholesOf(weights.peepholes, ops);
    const given = x && ops.unstack(inputSums(x, weights));
    const states: LstmState[] = [];
    for (let t = 0; t < steps; t++) {
      const { h, c } = states[t - 1] ?? initial;
      const state = tf.tidy(() => {
        const sums = ops.splitColumns(ops.add(ops.matMul(h, weights.recurrent), given ? given[t]! : weights.bias), 4);
        const { i, f, a } = gatesOf(sums, c, peepholes, ops);
        const cell = ops.add(ops.mul(f, c), ops.mul(i, a));
        return { h: ops.mul(outputGate(sums[3]!, cell, peepholes, ops), ops.tanh(cell)), c: cell };
      });
      given?.[t]!.dispose();
      states.push(state as LstmState);
    }
    return {
      outputs: ops.stack(states.map(({ h }) => h)) as tf.Tensor3D,
      cells: ops.stack(states.map(({ c }) => c)) as tf.Tensor3D,
    };
  });
}

/** What input and bias add to the gates of all steps: one product, `[T, B, 4H]`. */
function inputSums(x: tf.Tensor3D, { input, bias }: PeepholeLstmWeights): tf.Tensor {
  const ops = algebra();
  const [steps, batch, width] = x.shape;
  return tf.tidy(() => {
    const sums = ops.add(ops.matMul(ops.reshape(x, [steps * batch, width]), input!), bias);
    return ops.reshape(sums, [steps, batch, bias.shape[0]]);
  });
}
