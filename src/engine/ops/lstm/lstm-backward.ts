import * as tf from '@tensorflow/tfjs-core';
import { algebra } from '../algebra.js';
import { gatesOf, outputGate, peepholesOf } from './lstm-gates.js';
import type { LstmHistory, LstmState, PeepholeLstmWeights } from './lstm-tensors.js';

/** A pass through a layer: what was given to `lstmForward`, and what it returned. */
export interface LstmPass {
  x: tf.Tensor3D | null;
  weights: PeepholeLstmWeights;
  initial: LstmState;
  history: LstmHistory;
}

/** Gradients of the history's outputs `[T, B, H]`, and of the state after the last step. */
export interface LstmOutputGradients extends LstmState {
  outputs: tf.Tensor3D;
}

/** Gradients of what was given to a layer; undefined where it was not given, or not wanted. */
export type LstmGradients = {
  x: tf.Tensor | undefined;
  input: tf.Tensor | undefined;
  recurrent: tf.Tensor;
  bias: tf.Tensor;
  peepholes: tf.Tensor | undefined;
  h: tf.Tensor;
  c: tf.Tensor;
};

/**
 * The gradients of a pass (docs/method.md §16.2). The gates of all steps are computed again at once, from the states.
 * Not recorded on the tape.
 *
 * @param inputGradient - Whether the gradient of x is computed.
 */
export function lstmBackward(pass: LstmPass, dys: LstmOutputGradients, inputGradient: boolean): LstmGradients {
  const ops = algebra();
  return tf.tidy(() => {
    const [steps, batch, units] = pass.history.outputs.shape;
    const before = statesBefore(pass);
    const factors = tf.tidy(() => {
      const { gates, output, cell } = gradientFactors(pass, before);
      const perStep = (factor: tf.Tensor) => ops.reshape(factor, [steps, batch, factor.shape[1]!]);
      return { gates: perStep(gates), output: perStep(output), cell: perStep(cell) };
    });
    const [gates, output, cell] = [ops.unstack(factors.gates), ops.unstack(factors.output), ops.unstack(factors.cell)];
    const outside = ops.unstack(dys.outputs);
    tf.dispose(factors);
    // Products with the matrix as it lies are twice as fast as with its transpose.
    const backwards = ops.transpose(pass.weights.recurrent, [1, 0]);
    const sums: tf.Tensor[] = [];
    let { h, c }: { h: tf.Tensor; c: tf.Tensor } = dys;
    for (let t = steps - 1; t >= 0; t--) {
      const step = tf.tidy(() => {
        const dh = ops.add(outside[t]!, h);
        const dc = ops.add(c, ops.mul(dh, output[t]!));
        const dz = ops.mul(ops.concat([dc, dc, dc, dh], 1), gates[t]!);
        return { dz, h: ops.matMul(dz, backwards), c: ops.mul(dc, cell[t]!) };
      });
      tf.dispose([outside[t]!, output[t]!, gates[t]!, cell[t]!]);
      if (t < steps - 1) tf.dispose([h, c]);
      ({ h, c } = step);
      sums[t] = step.dz;
    }
    const dz = ops.reshape(ops.stack(sums), [steps * batch, 4 * units]);
    tf.dispose([...sums, backwards]);
    const { input, peepholes } = pass.weights;
    const x = pass.x && ops.reshape(pass.x, [steps * batch, pass.x.shape[2]]);
    const peepholeGradients = () => {
      const [di, df, , dOut] = ops.splitColumns(dz, 4) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return ops.stack([
        ops.sum(ops.mul(di, before.c), 0),
        ops.sum(ops.mul(df, before.c), 0),
        ops.sum(ops.mul(dOut, cellsOf(pass)), 0),
      ]);
    };
    return {
      x: x && inputGradient ? ops.reshape(ops.matMul(dz, input!, false, true), pass.x!.shape) : undefined,
      input: x ? ops.matMul(x, dz, true) : undefined,
      recurrent: ops.matMul(before.h, dz, true),
      bias: ops.sum(dz, 0),
      peepholes: peepholes ? tf.tidy(peepholeGradients) : undefined,
      h,
      c,
    };
  });
}

/** The states before each step, `[T·B, H]`. */
function statesBefore({ initial, history }: LstmPass) {
  const ops = algebra();
  const [steps, batch, units] = history.outputs.shape;
  return tf.tidy(() => {
    const shifted = (all: tf.Tensor3D, first: tf.Tensor2D) => {
      if (steps === 1) return first;
      const others = ops.slice(all, [0, 0, 0], [steps - 1, -1, -1]);
      return ops.concat([first, ops.reshape(others, [(steps - 1) * batch, units])], 0);
    };
    return { h: shifted(history.outputs, initial.h), c: shifted(history.cells, initial.c) };
  });
}

type StatesBefore = ReturnType<typeof statesBefore>;

/** The cells after each step, `[T·B, H]`. */
function cellsOf({ history: { cells } }: LstmPass): tf.Tensor {
  const [steps, batch, units] = cells.shape;
  return algebra().reshape(cells, [steps * batch, units]);
}

/** What the backward pass multiplies gradients of outputs (dh) and cells (dc) by at each step. */
type GradientFactors = {
  /** `[T·B, 4H]`: (dc, dc, dc, dh) times this is the gradient of the gates' sums, z of i, f, a, o. */
  gates: tf.Tensor;
  /** `[T·B, H]`: dh times this is what the output adds to dc. */
  output: tf.Tensor;
  /** `[T·B, H]`: dc times this is the gradient of the cell before the step. */
  cell: tf.Tensor;
};

function gradientFactors(pass: LstmPass, before: StatesBefore): GradientFactors {
  const ops = algebra();
  const { weights } = pass;
  const one = ops.scalar(1);
  const ofSigmoid = (y: tf.Tensor) => ops.mul(y, ops.sub(one, y));
  const ofTanh = (y: tf.Tensor) => ops.sub(one, ops.square(y));
  return tf.tidy(() => {
    const peepholes = peepholesOf(weights.peepholes, ops);
    const cells = cellsOf(pass);
    const sums = gateSums(pass, before);
    const { i, f, a } = gatesOf(sums, before.c, peepholes, ops);
    const o = outputGate(sums[3]!, cells, peepholes, ops);
    tf.dispose(sums);
    const squashed = ops.tanh(cells);
    const di = ops.mul(a, ofSigmoid(i));
    const df = ops.mul(before.c, ofSigmoid(f));
    const da = ops.mul(i, ofTanh(a));
    const dOut = ops.mul(squashed, ofSigmoid(o));
    const throughTanh = ops.mul(o, ofTanh(squashed));
    return {
      gates: ops.concat([di, df, da, dOut], 1),
      output: peepholes ? ops.add(throughTanh, ops.mul(dOut, peepholes.o)) : throughTanh,
      cell: peepholes ? ops.add(f, ops.add(ops.mul(di, peepholes.i), ops.mul(df, peepholes.f))) : f,
    };
  });
}

/** The sums of the gates at all steps, z of i, f, a and o, `[T·B, H]` each. */
function gateSums({ x, weights }: LstmPass, before: StatesBefore): tf.Tensor[] {
  const ops = algebra();
  return tf.tidy(() => {
    const own = ops.add(ops.matMul(before.h, weights.recurrent), weights.bias);
    if (!x) return ops.splitColumns(own, 4);
    const rows = ops.reshape(x, [x.shape[0] * x.shape[1], x.shape[2]]);
    return ops.splitColumns(ops.add(own, ops.matMul(rows, weights.input!)), 4);
  });
}
