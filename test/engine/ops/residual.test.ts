import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { feedForwardResidual, projectedResidual, type Share } from '../../../src/engine/ops/residual.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const rows = 5;
const channels = 4;
const hidden = 6;
type Matrix = tf.Tensor2D;
type Vector = tf.Tensor1D;

/** The last layer's parameters. */
const last = (inputs: number) => [
  seeded([inputs, channels], 'weight'),
  seeded([channels], 'bias'),
  seeded([channels], 'scale'),
];
const shares: Record<string, () => Share> = {
  'the whole branch': () => null,
  'a share a row': () => tf.tensor2d([1, 0, 2, 1, 0.5], [rows, 1]),
  'a share a value': () => seeded<tf.Rank.R2>([rows, channels], 'share', 0, 2),
};

for (const [name, some] of Object.entries(shares)) {
  describe(`a residual branch, ${name}`, () => {
    const share = some();
    const shared = (x: tf.Tensor) => (share ? tf.mul(x, share) : x);

    it('ends in a projection: as by plain ops, gradients of central differences, nothing left behind', () => {
      const inputs = [seeded([rows, channels], 'rows'), seeded([rows, 3], 'x'), ...last(3)];
      const f = (...[past, x, weight, bias, scale]: tf.Tensor[]) =>
        projectedResidual(
          past as Matrix,
          x as Matrix,
          { weight: weight as Matrix, bias: bias as Vector, scale: scale as Vector },
          share,
        );
      const [past, x, weight, bias, scale] = inputs as [Matrix, Matrix, Matrix, Vector, Vector];
      const plain = tf.tidy(() => tf.add(past, shared(tf.mul(tf.add(tf.matMul(x, weight), bias), scale))));
      assertClose(f(...inputs).dataSync(), plain.dataSync(), 1e-6);
      assertGradients(f, inputs, { step: 1e-2, tolerance: 1e-3 });
      assertLeavesNothing(() => f(...inputs));
      assertLeavesNothing(() => tf.grads((...all) => tf.sum(f(...all)))(inputs));
    });

    for (const [what, hiddenShare] of [
      ['', null],
      [', values left out', seeded<tf.Rank.R2>([rows, hidden], 'hidden', 0, 2)],
    ] as const) {
      it(`is an MLP${what}: as by plain ops, gradients of central differences, nothing left behind`, () => {
        const first = [
          seeded([channels], 'norm scale', 0.5, 1.5),
          seeded([channels], 'norm offset'),
          seeded([channels, hidden], 'first weight', -2, 2),
          seeded([hidden], 'first bias'),
        ];
        const inputs = [seeded([rows, channels], 'x', -3, 3), ...first, ...last(hidden)];
        const f = (...[x, scale, offset, weight, bias, ...end]: tf.Tensor[]) =>
          feedForwardResidual(
            x as Matrix,
            {
              first: {
                scale: scale as Vector,
                offset: offset as Vector,
                weight: weight as Matrix,
                bias: bias as Vector,
              },
              last: { weight: end[0] as Matrix, bias: end[1] as Vector, scale: end[2] as Vector },
              hiddenShare,
            },
            share,
          );
        const plain = tf.tidy(() => {
          const [x, scale, offset, weight, bias, ...end] = inputs as [Matrix, ...tf.Tensor[]];
          const { mean, variance } = tf.moments(x, 1, true);
          const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
          const h = tf.add(tf.matMul(tf.add<Matrix>(tf.mul(normal, scale!), offset!), weight as Matrix), bias!);
          const gelu = tf.mul(h, tf.mul(tf.add(tf.erf(tf.mul(h, Math.SQRT1_2)), 1), 0.5));
          const kept = hiddenShare ? tf.mul(gelu, hiddenShare) : gelu;
          const branch = tf.mul(tf.add(tf.matMul(kept as Matrix, end[0] as Matrix), end[1]!), end[2]!);
          return tf.add(x, shared(branch));
        });
        assertClose(f(...inputs).dataSync(), plain.dataSync(), 1e-5);
        assertGradients(f, inputs, { step: 3e-3, tolerance: 5e-3 });
        assertLeavesNothing(() => f(...inputs));
        assertLeavesNothing(() => tf.grads((...all) => tf.sum(f(...all)))(inputs));
      });
    }
  });
}
