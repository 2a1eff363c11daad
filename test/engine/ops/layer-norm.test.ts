import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { layerNorm, type LayerNormOptions } from '../../../src/engine/ops/layer-norm.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

test('rows get mean 0 and variance 1, then scale and offset, by hand', () => {
  const x = tf.tensor3d([1, 3, 10, 10], [1, 2, 2]);
  const y = layerNorm(x, tf.tensor1d([2, 1]), tf.tensor1d([0.5, -3]), { epsilon: 0 });
  // Row [1, 3] is [-1, 1]; a row of equals has no direction.
  assertClose(tf.slice(y, [0, 0, 0], [1, 1, 2]).dataSync(), [-1.5, -2], 1e-6);
  const equal = layerNorm(x, tf.tensor1d([2, 1]), tf.tensor1d([0.5, -3]));
  assertClose(tf.slice(equal, [0, 1, 0], [1, 1, 2]).dataSync(), [0.5, -3], 1e-5);
});

const mask = () => tf.tensor3d([1, 1, 0, 1, 0, 0], [2, 3, 1]);
const cases: Record<string, () => LayerNormOptions> = {
  alone: () => ({}),
  'with ReLU': () => ({ relu: true }),
  'with a mask': () => ({ mask: mask() }),
  'with ReLU and a mask': () => ({ relu: true, mask: mask() }),
};

for (const [name, options] of Object.entries(cases)) {
  test(`${name}: composed of plain ops, gradients of central differences, nothing left behind`, () => {
    const given = options();
    const inputs = [seeded([2, 3, 5], 'x', -3, 3), seeded([5], 'scale', 0.5, 1.5), seeded([5], 'offset')];
    const f = (...[x, scale, offset]: tf.Tensor[]) =>
      layerNorm(x as tf.Tensor3D, scale as tf.Tensor1D, offset as tf.Tensor1D, given);
    const plain = tf.tidy(() => {
      const [x, scale, offset] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
      const { mean, variance } = tf.moments(x, 2, true);
      const y = tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), offset);
      const positive = given.relu ? tf.relu(y) : y;
      return given.mask ? tf.mul(positive, given.mask) : positive;
    });
    assertClose(f(...inputs).dataSync(), plain.dataSync(), 1e-5);
    assertGradients(f, inputs, { step: 1e-3 });
    assertLeavesNothing(() => f(...inputs));
    assertLeavesNothing(() => tf.grads((...all) => tf.sum(f(...all)))(inputs));
  });
}

test('rows of a mask that serves every item of the batch', () => {
  const x = seeded<tf.Rank.R3>([2, 3, 4], 'x');
  const one = tf.tensor3d([1, 0, 1], [1, 3, 1]);
  const y = layerNorm(x, tf.ones([4]), tf.ones([4]), { mask: one });
  assert.deepEqual([...tf.slice(y, [0, 1, 0], [2, 1, 4]).dataSync()], Array(8).fill(0));
  const f = (x: tf.Tensor) => layerNorm(x as tf.Tensor3D, tf.ones([4]), tf.ones([4]), { mask: one });
  assertGradients(f, [x], { step: 1e-3 });
});
