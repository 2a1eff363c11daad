import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { drawShare, mix } from '../../src/train/mixup.js';
import { assertClose } from '../support/numeric.js';

await startEngine();

for (const alpha of [0.01, 0.2, 1, 4]) {
  test(`shares are from Beta(${alpha}, ${alpha}): its mean, variance and fourth moment; repeatable`, () => {
    const n = 20_000;
    const draws = Array.from({ length: n }, (_, i) => drawShare(alpha, randomStream(1, 'share', i)));
    for (const share of draws) assert.ok(share >= 0 && share <= 1);
    const moment = (power: number) => draws.reduce((sum, share) => sum + (share - 0.5) ** power, 0) / n;
    const variance = 1 / (4 * (2 * alpha + 1));
    const fourth = (3 * variance ** 2 * (2 * alpha + 1)) / (2 * alpha + 3);
    // The tolerance is five standard errors. No central moment of Beta is larger than that of two points.
    assert.ok(Math.abs(moment(1)) < 5 * Math.sqrt(variance / n));
    assert.ok(Math.abs(moment(2) - variance) < (5 * 0.25) / Math.sqrt(n));
    assert.ok(Math.abs(moment(4) - fourth) < (5 * 0.0625) / Math.sqrt(n));
    assert.equal(drawShare(alpha, randomStream(1, 'share', 0)), draws[0]);
  });
}

test('samples are blended row by row', () => {
  const own = tf.tensor3d([0, 10, 20, 30, 40, 50], [2, 1, 3]);
  const other = tf.tensor3d([100, 100, 100, 0, 0, 0], [2, 1, 3]);
  assertClose(mix(own, other, [0.75, 0.1]).dataSync(), [25, 32.5, 40, 3, 4, 5], 1e-6);
  assert.deepEqual([...mix(own, other, [1, 0]).dataSync()], [0, 10, 20, 0, 0, 0]);
});
