import * as tf from '@tensorflow/tfjs-core';
import { differentiableValues } from '../differentiable.js';
import { lstmBackward, type LstmPass } from './lstm-backward.js';
import { lstmForward } from './lstm-forward.js';
import type { LstmState, PeepholeLstmWeights } from './lstm-tensors.js';

/** What a layer makes of a sequence: its outputs `[T, B, H]`, and its state after the last step. */
export interface LstmResult extends LstmState {
  outputs: tf.Tensor3D;
}

/**
 * One LSTM layer with peepholes through T steps (Srivastava et al. 2015, §2.1; docs/method.md §16.1), from a state of
 * the caller's. Between forward and backward only the states of the steps are kept, 2·T·B·H numbers: the gates, four
 * times an output, are computed again on the way back, which is one product over all steps.
 *
 * @param x - `[T, B, I]`; null for a layer without input, as the decoders of unconditioned models are.
 * @param steps - T ≥ 1.
 * @param options.inputGradient - False where x is data, whose gradient nobody needs (default: true).
 * @throws RangeError for no step, or an x without weights for it or of another length.
 */
export function lstm(
  x: tf.Tensor3D | null,
  weights: PeepholeLstmWeights,
  initial: LstmState,
  steps: number,
  { inputGradient = true } = {},
): LstmResult {
  if (steps < 1) throw new RangeError('an LSTM runs for one step or more');
  if ((x === null) !== (weights.input === null)) throw new RangeError('an LSTM has weights for its input, or neither');
  if (x && x.shape[0] !== steps) throw new RangeError(`an input of ${x.shape[0]} steps for an LSTM of ${steps}`);
  const { input, recurrent, bias, peepholes } = weights;
  const given = [initial.h, initial.c, recurrent, bias, ...(x ? [x, input!] : []), ...(peepholes ? [peepholes] : [])];
  const [outputs, h, c] = differentiableValues(given, () => {
    const history = lstmForward(x, weights, initial, steps);
    return {
      values: [history.outputs, last(history.outputs), last(history.cells)],
      saved: [history.outputs, history.cells, ...given],
      gradient(dys, saved) {
        const [dOutputs, dh, dc] = dys as [tf.Tensor3D, tf.Tensor2D, tf.Tensor2D];
        const pass = passOf(saved, x !== null, peepholes !== null);
        const d = lstmBackward(pass, { outputs: dOutputs, h: dh, c: dc }, inputGradient);
        return [d.h, d.c, d.recurrent, d.bias, ...(x ? [d.x, d.input] : []), ...(peepholes ? [d.peepholes] : [])];
      },
    };
  }) as [tf.Tensor3D, tf.Tensor2D, tf.Tensor2D];
  return { outputs, h, c };
}

/** The pass whose tensors the tape has kept. */
function passOf(saved: readonly tf.Tensor[], hasInput: boolean, hasPeepholes: boolean): LstmPass {
  const [outputs, cells, h, c, recurrent, bias, ...others] = saved as unknown[];
  const [x, input] = hasInput ? others : [null, null];
  const peepholes = hasPeepholes ? others.at(-1) : null;
  return {
    x,
    weights: { input, recurrent, bias, peepholes },
    initial: { h, c },
    history: { outputs, cells },
  } as LstmPass;
}

/** The last step of `[T, B, H]`. */
function last(steps: tf.Tensor3D): tf.Tensor2D {
  const [count, batch, units] = steps.shape;
  return tf.reshape(tf.slice(steps, [count - 1, 0, 0], [1, batch, units]), [batch, units]);
}
