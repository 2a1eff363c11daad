import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { gatherRows } from '../../../../src/engine/ops/graph/gather-rows.js';
import { assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

test('gathers rows, one of them twice; gradients of central differences, nothing left behind', () => {
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  assert.deepEqual(gatherRows(x, [2, 0, 2]).arraySync(), [[5, 6], [1, 2], [5, 6]]); // prettier-ignore
  const f = (x: tf.Tensor) => gatherRows(x as tf.Tensor2D, [4, 1, 4, 0]);
  const inputs = [seeded([5, 3], 'x')];
  assertGradients(f, inputs);
  assertLeavesNothing(() => f(inputs[0]!));
  assertLeavesNothing(() => tf.grad((x) => tf.sum(f(x)))(inputs[0]!));
});
