import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { algebra } from '../../../src/engine/ops/algebra.js';
import { assertClose, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

test('a depthwise convolution over time and its gradients, by hand and by differences', () => {
  const k = algebra();
  const x = seeded<tf.Rank.R4>([2, 6, 1, 3], 'x');
  const filter = seeded<tf.Rank.R4>([3, 1, 3, 1], 'filter');
  for (const stride of [1, 2]) {
    const values = x.arraySync().map((item) => item.map(([row]) => row!));
    const taps = filter.arraySync().map(([tap]) => tap!.map(([weight]) => weight!));
    const expected = values.flatMap((item) =>
      Array.from({ length: 6 / stride }, (_, t) =>
        [0, 1, 2].map((c) => taps.reduce((sum, tap, i) => sum + tap[c]! * (item[t * stride + i - 1]?.[c] ?? 0), 0)),
      ).flat(),
    );
    assertClose(
      tf.tidy(() => k.depthwise(x, filter, stride).dataSync()),
      expected,
      1e-6,
    );
    // The op is linear in both inputs: the gradients of Σ y·d are the products with d, so
    // their sums are the same number.
    const d = seeded<tf.Rank.R4>([2, 6 / stride, 1, 3], 'd');
    const sum = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.sum(tf.mul(a, b)).dataSync()[0]!);
    const [dx, dFilter] = tf.tidy(() => k.depthwiseGradients(d, x, filter, stride));
    const whole = sum(
      tf.tidy(() => k.depthwise(x, filter, stride)),
      d,
    );
    assertClose([sum(dx, x), sum(dFilter, filter)], [whole, whole], 1e-5);
  }
});

test('more constants than are kept', () => {
  const k = algebra();
  const x = tf.tensor1d([2]);
  assertLeavesNothing(() => {
    let last = tf.tensor1d([0]);
    for (let i = 0; i < 5000; i++) {
      last.dispose();
      last = tf.tidy(() => k.mul(x, k.scalar(i)) as tf.Tensor1D);
    }
    assert.deepEqual([...last.dataSync()], [9998]);
    return last;
  });
  assert.deepEqual([...tf.tidy(() => k.mul(x, k.scalar(0)).dataSync())], [0]);
});
