import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { dense, type Activation } from '../../../src/engine/ops/dense.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const functions: Record<Activation, (sum: number) => number> = {
  linear: (sum) => sum,
  relu: (sum) => Math.max(0, sum),
  sigmoid: (sum) => 1 / (1 + Math.exp(-sum)),
};

for (const [name, f] of Object.entries(functions)) {
  const activation = name as Activation;
  describe(`a dense layer, ${activation}`, () => {
    it('by hand', () => {
      const y = dense(
        tf.tensor2d([1, 2, -3, 0.5], [2, 2]),
        tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]),
        tf.tensor1d([0.1, 0.2, -20]),
        activation,
      );
      assert.deepEqual(y.shape, [2, 3]);
      assertClose(y.dataSync(), [9.1, 12.2, -5, -0.9, -3.3, -26].map(f), 1e-6);
    });

    it('has the gradients of central differences, and leaves nothing behind', () => {
      const inputs = [seeded([5, 4], 'x'), seeded([4, 3], 'weight'), seeded([3], 'bias')];
      const layer = (...[x, weight, bias]: tf.Tensor[]) =>
        dense(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D, activation);
      assertGradients(layer, inputs, { step: 1e-3 });
      assertLeavesNothing(() => layer(...inputs));
      assertLeavesNothing(() => tf.grads((...all) => tf.sum(layer(...all)))(inputs));
    });
  });
}
