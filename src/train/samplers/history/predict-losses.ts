import * as tf from '@tensorflow/tfjs-core';
import { partsOf, units, type Example } from './loss-predictor.js';
import type { LstmWeights } from './lstm.js';

/**
 * The predictions of `predictLoss` for many items at once, by the engine. It is for scoring: for hundreds of candidates
 * this takes a tenth of the time. No tensor is left behind.
 */
export function predictLosses(parameters: Float32Array, examples: readonly Example[]): number[] {
  const { first, second, embedding, weight, bias } = partsOf(parameters);
  const items = examples.length;
  const steps = Math.max(1, ...examples.map(({ losses }) => losses.length));
  const found = tf.tidy(() => {
    const { losses, begun } = alignedAtTheEnd(examples, steps);
    const lower = layerOf(first);
    const upper = layerOf(second);
    let below = zeroState(items);
    let above = zeroState(items);
    for (let t = 0; t < steps; t++) {
      below = stepped(lower, tf.tensor2d(losses[t]!, [items, 1]), below, begun[t]!);
      above = stepped(upper, below.output, above, begun[t]!);
    }
    const rows = tf.tensor2d(
      examples.flatMap(({ rows }) => meanOfRows(embedding, rows)),
      [items, units],
    );
    const joined = tf.concat([above.output, rows], 1);
    return tf.add(tf.matMul(joined, tf.tensor2d(weight, [2 * units, 1])), bias[0]!).dataSync<'float32'>();
  });
  return [...found];
}

interface State {
  output: tf.Tensor2D;
  cell: tf.Tensor2D;
}

/** The weights of a layer as `[I + H, 4H]`, and its bias. */
interface Layer {
  matrix: tf.Tensor2D;
  bias: tf.Tensor1D;
}

function layerOf({ input, recurrent, bias }: LstmWeights<Float32Array>): Layer {
  const rows = 4 * units;
  const joined = tf.concat([tf.tensor2d(input, [rows, input.length / rows]), tf.tensor2d(recurrent, [rows, units])], 1);
  return { matrix: tf.transpose(joined), bias: tf.tensor1d(bias) };
}

const zeroState = (items: number): State => ({ output: tf.zeros([items, units]), cell: tf.zeros([items, units]) });

/** One step of a layer for all items; an item that has not begun stays at its state of zeros. */
function stepped({ matrix, bias }: Layer, x: tf.Tensor2D, before: State, begun: Float32Array | null): State {
  const z = tf.add(tf.matMul(tf.concat([x, before.output], 1), matrix), bias);
  const [input, forget, squashed, out] = tf.split<tf.Tensor2D>(z, 4, 1) as Gates;
  const kept = tf.mul(tf.sigmoid(forget), before.cell);
  let cell = tf.add<tf.Tensor2D>(kept, tf.mul(tf.sigmoid(input), tf.tanh(squashed)));
  if (begun) cell = tf.mul<tf.Tensor2D>(cell, tf.tensor2d(begun, [begun.length, 1]));
  // Where the cell is 0, so is the output.
  return { cell, output: tf.mul<tf.Tensor2D>(tf.sigmoid(out), tf.tanh(cell)) };
}

type Gates = [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];

/** The losses of all items by step, moved so that all histories end together; and which have begun (null: all). */
function alignedAtTheEnd(
  examples: readonly Example[],
  steps: number,
): { losses: Float32Array[]; begun: (Float32Array | null)[] } {
  const column = (f: (example: Example, at: number) => number) =>
    Array.from({ length: steps }, (_, t) =>
      Float32Array.from(examples, (example) => f(example, t - steps + example.losses.length)),
    );
  const losses = column((example, at) => (at < 0 ? 0 : example.losses[at]!));
  const begun = column((_, at) => (at < 0 ? 0 : 1));
  return { losses, begun: begun.map((all) => (all.includes(0) ? all : null)) };
}

function meanOfRows(embedding: Float32Array, rows: readonly number[]): number[] {
  return Array.from({ length: units }, (_, j) =>
    rows.reduce((sum, row) => sum + embedding[row * units + j]! / rows.length, 0),
  );
}
