import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Parameters } from '../../src/models/parameters.js';
import {
  clipByGlobalNorm,
  disposeGradients,
  lossAndGradients,
  type GradientsByPart,
} from '../../src/train/gradients.js';
import { assertClose, seededArray } from '../support/numeric.js';

await startEngine();

function vector(name: string, values: number[], trainable = true): Parameters {
  const parameters = new Parameters(
    [{ name, kind: 'vector', shape: [values.length], init: { type: 'constant', value: 0 }, trainable }],
    randomStream(0),
  );
  parameters.assign(name, tf.tensor1d(values));
  return parameters;
}
const given = (values: Record<string, number[]>): GradientsByPart =>
  new Map(Object.entries(values).map(([part, list]) => [part, new Map([['w', tf.tensor1d(list)]])]));
const numbers = (gradients: GradientsByPart) =>
  Object.fromEntries([...gradients].map(([part, byName]) => [part, [...byName.get('w')!.dataSync()]]));

test('loss, terms and gradients of two parts that have a name in common', () => {
  const before = tf.memory().numTensors;
  const parts = new Map([
    ['encoder', vector('w', [1, 2])],
    ['head', vector('w', [3, 4])],
  ]);
  const forward = () => {
    const [a, b] = [...parts.values()].map((part) => part.get<tf.Tensor1D>('w')) as [tf.Tensor1D, tf.Tensor1D];
    const product = tf.sum<tf.Scalar>(tf.mul(a, b));
    const squares = tf.sum<tf.Scalar>(tf.square(b));
    return { total: tf.add<tf.Scalar>(product, squares), terms: { product, squares } };
  };
  const { total, terms, gradients } = lossAndGradients(forward, parts);
  assert.equal(total, 36);
  assert.deepEqual(terms, { product: 11, squares: 25 });
  assert.deepEqual(numbers(gradients), { encoder: [3, 4], head: [7, 10] });
  disposeGradients(gradients);
  for (const part of parts.values()) part.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('the mean of micro-batches is the whole batch, the last one smaller', () => {
  const parameters = vector('w', [0.5, -1, 2]);
  const parts = new Map([['model', parameters]]);
  const rows = seededArray(5 * 3, 'rows');
  /** Mean over rows of (row · w)². */
  const of = (from: number, to: number) =>
    lossAndGradients(() => {
      const x = tf.tensor2d(rows.slice(from * 3, to * 3), [to - from, 3]);
      const y = tf.matMul(x, tf.reshape<tf.Rank.R2>(parameters.get('w'), [3, 1]));
      return { total: tf.mean<tf.Scalar>(tf.square(y)), terms: {} };
    }, parts);
  const whole = of(0, 5);
  const before = tf.memory().numTensors;
  let sum: tf.Tensor | undefined;
  let loss = 0;
  for (const [from, to] of [
    [0, 2],
    [2, 4],
    [4, 5],
  ] as const) {
    const part = of(from, to);
    const scaled = tf.tidy(() => tf.mul(part.gradients.get('model')!.get('w')!, (to - from) / 5));
    disposeGradients(part.gradients);
    const before = sum;
    sum = before ? tf.add(before, scaled) : scaled;
    if (before) tf.dispose([before, scaled]);
    loss += (part.total * (to - from)) / 5;
  }
  assert.ok(Math.abs(loss - whole.total) < 1e-6);
  assertClose(sum!.dataSync(), whole.gradients.get('model')!.get('w')!.dataSync(), 1e-6);
  sum!.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('clipping by hand: over all parts at once, only when too long', () => {
  const before = tf.memory().numTensors;
  const clipped = clipByGlobalNorm(given({ a: [3, 0], b: [4] }), 2.5);
  assertClose(numbers(clipped)['a']!, [1.5, 0], 1e-5);
  assertClose(numbers(clipped)['b']!, [2], 1e-5);
  const short = clipByGlobalNorm(given({ a: [3, 0], b: [4] }), 6);
  assert.deepEqual(numbers(short), { a: [3, 0], b: [4] });
  const zero = clipByGlobalNorm(given({ a: [0, 0] }), 1);
  assert.deepEqual(numbers(zero), { a: [0, 0] });
  for (const gradients of [clipped, short, zero]) disposeGradients(gradients);
  assert.equal(tf.memory().numTensors, before);
});
