import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { layerNorm, type LayerNormOptions } from '../../../../src/engine/ops/normalization/layer-norm.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

test('rows get mean 0 and variance 1, then scale and offset, by hand', () => {
  const x = tf.tensor2d([1, 3, 10, 10], [2, 2]);
  const y = layerNorm(x, tf.tensor1d([2, 1]), tf.tensor1d([0.5, -3]));
  // Row [1, 3] becomes [-1, 1]; a row of equal values becomes 0.
  assertClose(y.dataSync(), [-1.5, -2, 0.5, -3], 1e-5);
});

const mask = () => tf.tensor2d([1, 1, 0, 1, 0, 0], [6, 1]);
const cases: Record<string, () => LayerNormOptions> = {
  alone: () => ({}),
  'with ReLU': () => ({ relu: true }),
  'with a mask': () => ({ mask: mask() }),
  'with ReLU and a mask': () => ({ relu: true, mask: mask() }),
};

for (const [name, options] of Object.entries(cases)) {
  test(`${name}: composed of plain ops, gradients of central differences, nothing left behind`, () => {
    const given = options();
    const inputs = [seeded([6, 5], 'x', -3, 3), seeded([5], 'scale', 0.5, 1.5), seeded([5], 'offset')];
    const f = (...[x, scale, offset]: tf.Tensor[]) =>
      layerNorm(x as tf.Tensor2D, scale as tf.Tensor1D, offset as tf.Tensor1D, given);
    const plain = tf.tidy(() => {
      const [x, scale, offset] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
      const { mean, variance } = tf.moments(x, 1, true);
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
