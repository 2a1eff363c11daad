import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { withKernels } from '../../../src/engine/kernels/choose.js';
import type { Held, Kernels, PoolWindow } from '../../../src/engine/kernels/kernels.js';
import { nativeKernels } from '../../../src/engine/kernels/native-kernels.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { portableKernels } from '../../../src/engine/kernels/portable-kernels.js';
import { lrnConstants } from '../../../src/engine/ops/normalization/lrn.js';
import { assertClose, seeded, seededArray } from '../../support/numeric.js';

const { name } = await startEngine();
const native = name === 'tensorflow' ? {} : { skip: 'needs native TensorFlow' };

const take = (x: tf.Tensor) => {
  const data = x.dataSync<'float32'>();
  x.dispose();
  return data;
};

/** Computes f of tensors by kernels. Nothing may be left behind. */
function computed<T extends Held>(k: Kernels<T>, tensors: readonly tf.Tensor[], f: (...inputs: T[]) => T) {
  const inputs = tensors.map((x) => k.from(x));
  const found = take(k.toTensor(f(...inputs)));
  for (const input of inputs) input.dispose();
  return found;
}

const constants = lrnConstants({ size: 5, bias: 2, alpha: 0.3, beta: 0.75, mode: 'paper' });
const windows: PoolWindow[] = [
  { size: [3, 3], stride: 2 },
  { size: [2, 2], stride: 2 },
  { size: [1, 3], stride: 2 },
];

test('overlapping windows on a ramp: 3 at step 2 takes every second value from the third on', () => {
  // Row r, column c holds 10 r + c, so that the last value of a window is its largest.
  const ramp = tf.tensor(
    Array.from({ length: 7 * 6 }, (_, i) => 10 * Math.floor(i / 6) + (i % 6)),
    [1, 7, 6, 1],
  );
  withKernels('float32', (k) => {
    const of = (window: PoolWindow) => Array.from(computed(k, [ramp], (x) => k.pool(x, window)));
    assert.deepEqual(of({ size: [3, 3], stride: 2 }), [22, 24, 42, 44, 62, 64]);
    assert.deepEqual(of({ size: [2, 2], stride: 2 }), [11, 13, 15, 31, 33, 35, 51, 53, 55]);
    // A value that is the largest of one window only has the gradient of that window.
    const dy = tf.tensor([1, 2, 3, 4, 5, 6], [1, 3, 2, 1]);
    const gradient = computed(k, [dy, ramp], (d, x) => {
      const window: PoolWindow = { size: [3, 3], stride: 2 };
      const y = k.pool(x, window);
      const dx = k.poolGradient(d, x, y, window);
      y.dispose();
      return dx;
    });
    const there = [...gradient.entries()].filter(([, value]) => value !== 0);
    assert.deepEqual(
      there,
      [22, 24, 42, 44, 62, 64].map((place, i) => [Math.floor(place / 10) * 6 + (place % 10), i + 1]),
    );
  });
});

test('windows overlap: a value that is the largest of four has the gradient of all four', () => {
  const x = tf.tensor(
    Float32Array.from({ length: 25 }, (_, i) => Number(i === 12)),
    [1, 5, 5, 1],
  );
  const dy = tf.tensor([1, 2, 3, 4], [1, 2, 2, 1]);
  withKernels('float32', (k) => {
    const gradient = computed(k, [dy, x], (d, x) => {
      const y = k.pool(x, windows[0]!);
      const dx = k.poolGradient(d, x, y, windows[0]!);
      y.dispose();
      return dx;
    });
    assert.equal(gradient[12], 10);
    assert.equal(
      gradient.reduce((a, b) => a + b),
      10,
    );
  });
});

/** Both outputs and both gradients, of images without equal values. */
function all<T extends Held>(k: Kernels<T>, x: tf.Tensor) {
  const pools = windows.flatMap((window) => {
    const y = computed(k, [x], (x) => k.pool(x, window));
    const [, h, w, c] = x.shape as [number, number, number, number];
    const out = [h, w].map((side, axis) => Math.floor((side - window.size[axis]!) / window.stride) + 1);
    const shape = [x.shape[0], ...out, c];
    const dy = tf.tensor(seededArray(y.length, 'dy'), shape);
    const gradient = computed(k, [dy, x], (d, x) => {
      const y = k.pool(x, window);
      const dx = k.poolGradient(d, x, y, window);
      y.dispose();
      return dx;
    });
    dy.dispose();
    return [y, gradient];
  });
  const d = seeded<tf.Rank.R4>(x.shape as [number, number, number, number], 'd');
  const normalised = [
    computed(k, [x], (x) => k.lrn(x, constants)),
    computed(k, [d, x], (d, x) => {
      const y = k.lrn(x, constants);
      const dx = k.lrnGradient(d, x, y, constants);
      y.dispose();
      return dx;
    }),
  ];
  d.dispose();
  return [...pools, ...normalised];
}

test('native and portable twins agree, and leave nothing behind', native, () => {
  const before = [tf.memory().numTensors, nativeTensorCount()];
  const x = seeded<tf.Rank.R4>([2, 8, 7, 6], 'x', -3, 3);
  const expected = all(portableKernels, x);
  const found = all(nativeKernels('float32'), x);
  for (const [i, values] of found.entries()) assertClose(values, expected[i]!, 1e-5, `${i}`);
  const rounded = all(nativeKernels('bfloat16'), x);
  for (const [i, values] of rounded.slice(0, -2).entries())
    if (i % 2 === 0) assertClose(values, expected[i]!, 1e-2, `bfloat16 ${i}`);
  for (const i of [6, 7]) assertClose(rounded[i]!, expected[i]!, 3e-2, `bfloat16 ${i}`);
  x.dispose();
  assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
});
