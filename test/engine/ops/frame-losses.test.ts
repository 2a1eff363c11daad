import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { bernoulliFrameLoss, squaredFrameLoss } from '../../../src/engine/ops/frame-losses.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const losses = {
  // A logit of ±ln 3 is a probability of ¾ or ¼.
  bernoulli: { loss: bernoulliFrameLoss, by: [-2 * Math.log(3 / 4), -Math.log(1 / 4) + Math.log(2)] },
  squared: { loss: squaredFrameLoss, by: [(Math.log(3) - 1) ** 2 / 2 + Math.log(3) ** 2 / 2, Math.log(3) ** 2 / 2] },
};

for (const [name, { loss, by }] of Object.entries(losses)) {
  describe(`the ${name} loss of frames`, () => {
    it('by hand', () => {
      const ln3 = Math.log(3);
      const y = loss(tf.tensor3d([ln3, -ln3, ln3, 0], [2, 1, 2]), tf.tensor3d([1, 0, 0, 0], [2, 1, 2]));
      assert.deepEqual(y.shape, [2, 1]);
      assertClose(y.dataSync(), by, 1e-6);
    });

    it('has the gradient of central differences, and leaves nothing behind', () => {
      const outputs = seeded<tf.Rank.R3>([3, 2, 4], 'outputs', -3, 3);
      const targets = seeded<tf.Rank.R3>([3, 2, 4], 'targets', 0, 1);
      assertGradients((y) => loss(y as tf.Tensor3D, targets), [outputs], { step: 1e-2, tolerance: 1e-3 });
      assertLeavesNothing(() => loss(outputs, targets));
      assertLeavesNothing(() => tf.grad((y) => tf.sum(loss(y as tf.Tensor3D, targets)))(outputs));
    });
  });
}

it('the Bernoulli loss of a sure and wrong logit is its size, and not infinite', () => {
  const y = bernoulliFrameLoss(tf.tensor3d([200, -200], [1, 2, 1]), tf.tensor3d([0, 1], [1, 2, 1]));
  assert.deepEqual([...y.dataSync()], [200, 200]);
});
