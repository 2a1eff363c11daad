import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { lstm, type LstmResult } from '../../../../src/engine/ops/lstm/lstm-layer.js';
import type { LstmState, PeepholeLstmWeights } from '../../../../src/engine/ops/lstm/lstm-tensors.js';
import { isNative, runNative } from '../../../../src/engine/ops/run-native.js';
import { float64Lstm, type Float64Weights, type Matrix } from '../../../support/float64-lstm.js';
import { assertClose, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

const [steps, batch, inputs, units] = [4, 2, 3, 5] as const;

/** Everything that goes into a layer, as tensors by name. */
type Given = Record<string, tf.Tensor>;

interface Kind {
  input: boolean;
  peepholes: boolean;
}

function given({ input, peepholes }: Kind, seed: string): Given {
  return {
    ...(input ? { x: seeded([steps, batch, inputs], `x ${seed}`), input: seeded([inputs, 4 * units], seed) } : {}),
    recurrent: seeded([units, 4 * units], `recurrent ${seed}`),
    bias: seeded([4 * units], `bias ${seed}`),
    ...(peepholes ? { peepholes: seeded([3, units], `peepholes ${seed}`, -2, 2) } : {}),
    h: seeded([batch, units], `h ${seed}`),
    c: seeded([batch, units], `c ${seed}`, -2, 2),
  };
}

function weightsOf({ input, recurrent, bias, peepholes }: Given): PeepholeLstmWeights {
  return { input: input ?? null, recurrent, bias, peepholes: peepholes ?? null } as PeepholeLstmWeights;
}

const run = (all: Given): LstmResult =>
  lstm((all['x'] ?? null) as tf.Tensor3D | null, weightsOf(all), { h: all['h'], c: all['c'] } as LstmState, steps);

function float64Run(all: Record<string, unknown>): number[] {
  const { x, input, recurrent, bias, peepholes, h, c } = all;
  const weights = { input: input ?? null, recurrent, bias, peepholes: peepholes ?? null } as Float64Weights;
  const result = float64Lstm((x ?? null) as Matrix[] | null, weights, h as Matrix, c as Matrix, steps);
  return [...result.outputs.flat(2), ...result.h.flat(), ...result.c.flat()];
}

const flat = ({ outputs, h, c }: LstmResult) => tf.concat([outputs, h, c].map((y) => tf.reshape(y, [-1])));

const kinds = [true, false].flatMap((input) => [true, false].map((peepholes) => ({ input, peepholes })));

for (const kind of kinds) {
  const name = `${kind.input ? 'with' : 'without'} input, ${kind.peepholes ? 'with' : 'without'} peepholes`;
  describe(`an LSTM layer ${name}`, () => {
    for (const seed of ['a', 'b']) {
      it(`has the values of the equations in float64 (${seed})`, () => {
        const all = given(kind, seed);
        const plain = Object.fromEntries(Object.entries(all).map(([key, value]) => [key, value.arraySync()]));
        const got = tf.tidy(() => flat(run(all)).dataSync());
        assertClose(got, float64Run(plain), 1e-6);
      });

      it(`has the gradients of differences in float64, of outputs, last output and last cell (${seed})`, () => {
        const all = given(kind, seed);
        const names = Object.keys(all);
        const projection = seeded([steps * batch * units + 2 * batch * units], `projection ${seed}`);
        const onto = Array.from(projection.dataSync());
        const project = (values: number[]) => values.reduce((sum, value, i) => sum + value * onto[i]!, 0);
        const loss = (...xs: tf.Tensor[]) =>
          tf.sum(tf.mul(flat(run(Object.fromEntries(names.map((key, i) => [key, xs[i]!])))), projection));
        const gradients = tf.grads(loss)(Object.values(all));
        const plain = Object.fromEntries(Object.entries(all).map(([key, value]) => [key, value.arraySync()]));
        names.forEach((key, n) => {
          const { shape } = all[key]!;
          const values = Array.from(all[key]!.dataSync());
          const moved = (i: number, by: number) => {
            const changed = values.map((value, k) => (k === i ? value + by : value));
            return project(float64Run({ ...plain, [key]: nested(changed, shape) }));
          };
          const numeric = values.map((_, i) => (moved(i, 1e-6) - moved(i, -1e-6)) / 2e-6);
          assertClose(gradients[n]!.dataSync(), numeric, 2e-6, `gradient of ${key}`);
        });
      });
    }

    it('leaves nothing behind', () => {
      const all = given(kind, 'a');
      assertLeavesNothing(() => {
        const { outputs, h, c } = run(all);
        return [outputs, h, c];
      });
      const names = Object.keys(all);
      assertLeavesNothing(() =>
        tf.grads((...xs) => tf.sum(flat(run(Object.fromEntries(names.map((key, i) => [key, xs[i]!]))))))(
          Object.values(all),
        ),
      );
    });
  });
}

describe('an LSTM layer', () => {
  it('by hand: every gate open by half, and the output gate sees the new cell', () => {
    // One unit, no input, no recurrence: i = f = σ(0) = ½, a = tanh(ln 3) = 0.8, c = ½·0.4 + ½·0.8 = 0.6. The
    // peephole 10/6 of o makes σ(1) of the new cell; by the old cell it would be σ(⅔).
    const weights = {
      input: null,
      recurrent: tf.zeros<tf.Rank.R2>([1, 4]),
      bias: tf.tensor1d([0, 0, Math.log(3), 0]),
      peepholes: tf.tensor2d([0, 0, 10 / 6], [3, 1]),
    };
    const { outputs, h, c } = lstm(null, weights, { h: tf.tensor2d([[0.7]]), c: tf.tensor2d([[0.4]]) }, 1);
    const output = Math.tanh(0.6) / (1 + Math.exp(-1));
    assertClose(
      [c, h, outputs].flatMap((y) => Array.from(y.dataSync<'float32'>())),
      [0.6, output, output],
      1e-6,
    );
  });

  it('keeps the states of its steps for the way back, and no more', () => {
    const all = given({ input: true, peepholes: true }, 'a');
    const bias = tf.variable(all['bias']!);
    tf.tidy(() => {
      tf.variableGrads(() => {
        const before = tf.memory().numTensors;
        const { outputs } = run({ ...all, bias });
        // The results are outputs, h and c. The tape keeps outputs and cells, and the layer's seven inputs.
        assert.equal(tf.memory().numTensors - before, 3 + 2 + Object.keys(all).length);
        return tf.sum(outputs);
      }, [bias]);
    });
  });

  it('has the same gradients where the way back is cut into blocks of steps', () => {
    // 130 items make blocks of two steps, parts of 26 one block of all.
    const [many, part, length] = [130, 26, 5];
    const all = given({ input: true, peepholes: true }, 'a');
    const x = seeded<tf.Rank.R3>([length, many, inputs], 'many');
    const state = { h: seeded<tf.Rank.R2>([many, units], 'h many'), c: seeded<tf.Rank.R2>([many, units], 'c many') };
    const loss = (from: number, count: number) => (input: tf.Tensor, recurrent: tf.Tensor, peepholes: tf.Tensor) => {
      const weights = weightsOf({ ...all, input, recurrent, peepholes });
      const rows = (y: tf.Tensor2D) => tf.slice(y, [from, 0], [count, units]);
      const some = tf.slice(x, [0, from, 0], [length, count, inputs]);
      const { outputs, c } = lstm(some, weights, { h: rows(state.h), c: rows(state.c) }, length);
      return tf.add(tf.sum(tf.square(outputs)), tf.sum(c));
    };
    const gradients = (from: number, count: number) =>
      tf.grads(loss(from, count))([all['input']!, all['recurrent']!, all['peepholes']!]);
    const parts = Array.from({ length: many / part }, (_, i) => gradients(i * part, part));
    gradients(0, many).forEach((whole, i) => {
      assertClose(whole.dataSync(), tf.addN(parts.map((each) => each[i]!)).dataSync(), 1e-5);
    });
  });

  it('does without the gradient of data, and refuses to give it then', () => {
    const all = given({ input: true, peepholes: true }, 'a');
    const state = { h: all['h'], c: all['c'] } as LstmState;
    const loss = (x: tf.Tensor, input: tf.Tensor) => {
      const weights = { ...weightsOf(all), input: input as tf.Tensor2D };
      return tf.sum(lstm(x as tf.Tensor3D, weights, state, steps, { inputGradient: false }).outputs);
    };
    const whole = tf.grads((x, input) => tf.sum(run({ ...all, x, input }).outputs))([all['x']!, all['input']!]);
    const [own] = tf.grads((input) => loss(all['x']!, input))([all['input']!]);
    assertClose(own!.dataSync(), whole[1]!.dataSync(), 1e-6);
    assert.throws(() => tf.grads((x) => loss(x, all['input']!))([all['x']!]), /needs? no gradient/);
  });

  it('refuses what does not go together', () => {
    const all = given({ input: true, peepholes: false }, 'a');
    const state = { h: all['h'], c: all['c'] } as LstmState;
    const weights = weightsOf(all);
    assert.throws(() => lstm(null, weights, state, 2), RangeError);
    assert.throws(() => lstm(null, { ...weights, input: null }, state, 0), RangeError);
    assert.throws(() => lstm(all['x'] as tf.Tensor3D, weights, state, steps + 1), RangeError);
  });

  it("equals TensorFlow's own cell without peepholes", { skip: !isNative() && 'native only' }, () => {
    const all = given({ input: true, peepholes: true }, 'a');
    all['peepholes'] = tf.zeros([3, units]);
    const { outputs, c } = run(all);
    // TensorFlow's gates stand in the order i, a, f, o, and its input comes before the output of the last step.
    const theirs = (w: tf.Tensor) => {
      const [i, f, a, o] = tf.split(w, 4, -1);
      return tf.concat([i!, a!, f!, o!], -1);
    };
    const weight = theirs(tf.concat([all['input']!, all['recurrent']!], 0));
    const bias = theirs(all['bias']!);
    const peephole = tf.zeros([units]);
    let [h, cell] = [all['h']!, all['c']!];
    tf.unstack(all['x']!).forEach((x, t) => {
      const attributes = { forget_bias: { float: 0 }, cell_clip: { float: -1 }, use_peephole: true };
      const given = [x, cell, h, weight, peephole, peephole, peephole, bias];
      const result = runNative('LSTMBlockCell', given, 7, attributes);
      [cell, h] = [result[1]!, result[6]!];
      assertClose(tf.slice(outputs, [t, 0, 0], [1, -1, -1]).dataSync(), h.dataSync(), 1e-6, `step ${t}`);
    });
    assertClose(c.dataSync(), cell.dataSync(), 1e-6, 'cell');
  });
});

/** Values in the nested arrays of a shape. */
function nested(values: number[], [size, ...inner]: readonly number[]): unknown {
  if (size === undefined) return values[0];
  const length = values.length / size;
  return Array.from({ length: size }, (_, i) => nested(values.slice(i * length, (i + 1) * length), inner));
}
