import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { gelu } from '../../../src/engine/ops/gelu.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

test('is x times the share of a normal distribution below x', () => {
  // Φ by tables.
  const share = { '-3': 0.0013499, '-1': 0.1586553, '-0.5': 0.3085375, '0': 0.5, '1': 0.8413447, '2': 0.9772499 };
  const xs = Object.keys(share).map(Number);
  const expected = Object.entries(share).map(([x, below]) => Number(x) * below);
  assertClose(gelu(tf.tensor1d(xs)).dataSync(), expected, 1e-6);
});

test('has the gradient of central differences, far out too, and leaves nothing behind', () => {
  const inputs = [seeded([40], 'x', -4, 4)];
  assertGradients((x) => gelu(x), inputs, { step: 1e-2, tolerance: 1e-3 });
  assertClose(
    tf
      .grad((x) => tf.sum(gelu(x)))(tf.tensor1d([-50, 50]))
      .dataSync(),
    [0, 1],
    1e-6,
  );
  assertLeavesNothing(() => gelu(inputs[0]!));
  assertLeavesNothing(() => tf.grad((x) => tf.sum(gelu(x)))(inputs[0]!));
});
