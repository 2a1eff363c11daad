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
 * The gradients of a pass (docs/method.md §16.2). Not recorded on the tape.
 *
 * @param inputGradient - Whether the gradient of x is computed.
 */
export function lstmBackward(pass: LstmPass, dys: LstmOutputGradients, inputGradient: boolean): LstmGradients {
  const ops = algebra();
  return tf.tidy(() => {
    const { x, weights, history } = pass;
    const before = statesBefore(pass);
    const { sums, h, c } = backThroughTime(pass, before, dys);
    const dz = rowsOf(sums);
    const peepholeGradients = () => {
      const [di, df, , dOut] = ops.splitColumns(dz, 4) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const cellsBefore = rowsOf(before.cells);
      return ops.stack([
        ops.sum(ops.mul(di, cellsBefore), 0),
        ops.sum(ops.mul(df, cellsBefore), 0),
        ops.sum(ops.mul(dOut, rowsOf(history.cells)), 0),
      ]);
    };
    return {
      x: x && inputGradient ? ops.reshape(ops.matMul(dz, weights.input!, false, true), x.shape) : undefined,
      input: x ? ops.matMul(rowsOf(x), dz, true) : undefined,
      recurrent: ops.matMul(rowsOf(before.outputs), dz, true),
      bias: ops.sum(dz, 0),
      peepholes: weights.peepholes ? tf.tidy(peepholeGradients) : undefined,
      h,
      c,
    };
  });
}

/** Steps `[T, B, C]` as rows `[T·B, C]`. */
function rowsOf(steps: tf.Tensor): tf.Tensor {
  const [count, batch, channels] = steps.shape as [number, number, number];
  return algebra().reshape(steps, [count * batch, channels]);
}

/** Outputs and cells before each step, `[T, B, H]`. */
function statesBefore({ initial, history }: LstmPass): { outputs: tf.Tensor; cells: tf.Tensor } {
  const ops = algebra();
  const [steps, batch, units] = history.outputs.shape;
  return tf.tidy(() => {
    const shifted = (all: tf.Tensor, first: tf.Tensor) => {
      const start = ops.reshape(first, [1, batch, units]);
      return steps === 1 ? start : ops.concat([start, ops.slice(all, [0, 0, 0], [steps - 1, batch, units])], 0);
    };
    return { outputs: shifted(history.outputs, initial.h), cells: shifted(history.cells, initial.c) };
  });
}

/**
 * Gates are computed again in blocks of steps of this many rows or more: as many as make products fast, and no more,
 * because what the way back needs of a step takes eight times the memory of its state.
 */
const rowsOfBlock = 256;

/**
 * From the last step to the first.
 *
 * @returns The gradients of the gates' sums, z of i, f, a, o, `[T, B, 4H]`, and of the initial state.
 */
function backThroughTime(
  pass: LstmPass,
  before: ReturnType<typeof statesBefore>,
  dys: LstmOutputGradients,
): { sums: tf.Tensor; h: tf.Tensor; c: tf.Tensor } {
  const ops = algebra();
  const [steps, batch, units] = pass.history.outputs.shape;
  const perBlock = Math.ceil(rowsOfBlock / batch);
  return tf.tidy(() => {
    const outside = ops.unstack(dys.outputs);
    // Products with the matrix as it lies are twice as fast as with its transpose.
    const backwards = ops.transpose(pass.weights.recurrent, [1, 0]);
    const sums: tf.Tensor[] = [];
    let { h, c }: { h: tf.Tensor; c: tf.Tensor } = dys;
    for (let end = steps; end > 0; end -= perBlock) {
      const begin = Math.max(0, end - perBlock);
      const some = (all: tf.Tensor) => rowsOf(ops.slice(all, [begin, 0, 0], [end - begin, batch, all.shape[2]!]));
      const { gates, output, cell } = tf.tidy(() => {
        const block = {
          x: pass.x && some(pass.x),
          outputs: some(before.outputs),
          cells: some(before.cells),
          after: some(pass.history.cells),
        };
        const factors = gradientFactors(block, pass.weights);
        const perStep = (factor: tf.Tensor) => ops.unstack(ops.reshape(factor, [end - begin, batch, factor.shape[1]!]));
        return { gates: perStep(factors.gates), output: perStep(factors.output), cell: perStep(factors.cell) };
      });
      for (let t = end - 1; t >= begin; t--) {
        const step = tf.tidy(() => {
          const dh = ops.add(outside[t]!, h);
          const dc = ops.add(c, ops.mul(dh, output[t - begin]!));
          const dz = ops.mul(ops.concat([dc, dc, dc, dh], 1), gates[t - begin]!);
          return { dz, h: ops.matMul(dz, backwards), c: ops.mul(dc, cell[t - begin]!) };
        });
        if (t < steps - 1) tf.dispose([h, c]);
        ({ h, c } = step);
        sums[t] = step.dz;
      }
      tf.dispose([gates, output, cell]);
    }
    return { sums: ops.reshape(ops.stack(sums), [steps, batch, 4 * units]), h, c };
  });
}

/** Rows `[N, …]` of some steps: inputs, outputs and cells before the step, cells after it. */
interface StepRows {
  x: tf.Tensor | null;
  outputs: tf.Tensor;
  cells: tf.Tensor;
  after: tf.Tensor;
}

/** What the backward pass multiplies gradients of outputs (dh) and cells (dc) by at each step. */
type GradientFactors = {
  /** `[N, 4H]`: (dc, dc, dc, dh) times this is the gradient of the gates' sums, z of i, f, a, o. */
  gates: tf.Tensor;
  /** `[N, H]`: dh times this is what the output adds to dc. */
  output: tf.Tensor;
  /** `[N, H]`: dc times this is the gradient of the cell before the step. */
  cell: tf.Tensor;
};

function gradientFactors(rows: StepRows, weights: PeepholeLstmWeights): GradientFactors {
  const ops = algebra();
  const one = ops.scalar(1);
  const ofSigmoid = (y: tf.Tensor) => ops.mul(y, ops.sub(one, y));
  const ofTanh = (y: tf.Tensor) => ops.sub(one, ops.square(y));
  return tf.tidy(() => {
    const peepholes = peepholesOf(weights.peepholes, ops);
    const sums = gateSums(rows, weights);
    const { i, f, a } = gatesOf(sums, rows.cells, peepholes, ops);
    const o = outputGate(sums[3]!, rows.after, peepholes, ops);
    const squashed = ops.tanh(rows.after);
    const di = ops.mul(a, ofSigmoid(i));
    const df = ops.mul(rows.cells, ofSigmoid(f));
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

/** The sums of the gates of rows, z of i, f, a and o, `[N, H]` each. */
function gateSums({ x, outputs }: StepRows, weights: PeepholeLstmWeights): tf.Tensor[] {
  const ops = algebra();
  return tf.tidy(() => {
    const own = ops.add(ops.matMul(outputs, weights.recurrent), weights.bias);
    return ops.splitColumns(x ? ops.add(own, ops.matMul(x, weights.input!)) : own, 4);
  });
}
