import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { sequenceConvolution } from '../../../../src/engine/ops/convolution/sequence-conv.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

test('sums taps over time, by hand, and looks from no sequence into another', () => {
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [8, 1]);
  const filter = tf.tensor3d([100, 10, 1], [3, 1, 1]);
  assert.deepEqual([...sequenceConvolution(x, filter, 1, 1).dataSync()], [12, 123, 234, 345, 456, 567, 678, 780]);
  assert.deepEqual([...sequenceConvolution(x, filter, 2, 1).dataSync()], [12, 123, 234, 340, 56, 567, 678, 780]);
  assert.deepEqual([...sequenceConvolution(x, filter, 2, 2).dataSync()], [12, 234, 56, 678]);
});

for (const { kernel, stride } of [
  { kernel: 3, stride: 1 },
  { kernel: 3, stride: 2 },
  { kernel: 1, stride: 2 },
]) {
  test(`kernel ${kernel}, stride ${stride}: gradients of central differences, nothing left behind`, () => {
    const inputs = [seeded([12, 3], 'x'), seeded([kernel, 3, 2], 'filter')];
    const f = (...[x, filter]: tf.Tensor[]) => sequenceConvolution(x as tf.Tensor2D, filter as tf.Tensor3D, 2, stride);
    assertGradients(f, inputs);
    assertLeavesNothing(() => f(...inputs));
    assertLeavesNothing(() => tf.grads((...all) => tf.sum(f(...all)))(inputs));
  });
}

test('gives the gradient of the filter alone where the input is a constant', () => {
  const x = seeded<tf.Rank.R2>([6, 3], 'x');
  const filter = seeded<tf.Rank.R3>([3, 3, 2], 'filter');
  const loss = (x: tf.Tensor, filter: tf.Tensor) =>
    tf.sum(tf.square(sequenceConvolution(x as tf.Tensor2D, filter as tf.Tensor3D, 1, 1)));
  const [, both] = tf.grads(loss)([x, filter]);
  const alone = tf.grad((filter) => loss(x, filter))(filter);
  assertClose(alone.dataSync(), both!.dataSync(), 1e-6);
});
