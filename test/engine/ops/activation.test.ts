import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { relu, relu6 } from '../../../src/engine/ops/activation.js';
import { assertGradients, assertLeavesNothing } from '../../support/numeric.js';

await startEngine();
const x = tf.tensor2d([-2, -0.5, 0.5, 3, 5.5, 7], [2, 3]);

test('relu and relu6: values, gradients, shape', () => {
  assert.deepEqual([...relu(x).dataSync()], [0, 0, 0.5, 3, 5.5, 7]);
  assert.deepEqual([...relu6(x).dataSync()], [0, 0, 0.5, 3, 5.5, 6]);
  assert.deepEqual(relu(x).shape, [2, 3]);
  assertGradients(relu, [x]);
  assertGradients(relu6, [x]);
});

test('relu and relu6: no gradient at zero, nor where relu6 is saturated', () => {
  const at = tf.tensor1d([0, 6.5]);
  const gradient = (f: (x: tf.Tensor) => tf.Tensor) => [
    ...tf
      .grad((a) => tf.sum(f(a)))(at)
      .dataSync(),
  ];
  assert.deepEqual(gradient(relu), [0, 1]);
  assert.deepEqual(gradient(relu6), [0, 0]);
});

test('relu and relu6 leave no tensors behind', () => {
  for (const f of [relu, relu6]) {
    assertLeavesNothing(() => tf.tidy(() => f(x)));
    assertLeavesNothing(() => tf.grad((a) => tf.sum(f(a)))(x));
  }
});
