import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import {
  batchNormFixed,
  batchNormTrain,
  type BatchStatistics,
} from '../../../../src/engine/ops/normalization/batch-norm.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();
const ignore = () => undefined;

test('batchNormTrain by hand: value, mean, and unbiased variance', () => {
  // Channel 0: 1, 2, 3, 6 (mean 3, biased variance 3.5, unbiased 14/3); channel 1: constant.
  const x = tf.tensor4d([1, 5, 2, 5, 3, 5, 6, 5], [2, 1, 2, 2]);
  let statistics: BatchStatistics | undefined;
  const y = batchNormTrain(x, tf.tensor1d([2, 3]), tf.tensor1d([10, 20]), 0.5, ({ mean, variance }) => {
    statistics = { mean: tf.keep(mean), variance: tf.keep(variance) };
  });
  // √(3.5 + 0.5) = 2.
  assertClose(y.dataSync(), [8, 20, 9, 20, 10, 20, 13, 20], 1e-6);
  assertClose(statistics!.mean.dataSync(), [3, 5], 1e-6);
  assertClose(statistics!.variance.dataSync(), [14 / 3, 0], 1e-6);
});

test('batchNormTrain keeps its precision where the mean is far from zero', () => {
  const x = tf.tensor4d([1001, 1002, 1003, 1006], [1, 2, 2, 1]);
  const y = batchNormTrain(x, tf.tensor1d([1]), tf.tensor1d([0]), 0.5, ignore);
  assertClose(y.dataSync(), [-1, -0.5, 0, 1.5], 1e-3);
});

test('batchNormTrain: gradients of input, scale and offset', () => {
  const x = seeded<tf.Rank.R4>([2, 3, 2, 3], 'x');
  const scale = seeded<tf.Rank.R1>([3], 'scale', 0.5, 1.5);
  const offset = seeded<tf.Rank.R1>([3], 'offset');
  assertGradients(
    (a, b, c) => batchNormTrain(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D, 1e-3, ignore),
    [x, scale, offset],
  );
});

test('batchNormFixed: value by hand, and gradients of input, scale and offset', () => {
  const mean = tf.tensor1d([1, -1]);
  const variance = tf.tensor1d([3, 8]);
  const x = tf.tensor4d([3, 2, -1, -4], [1, 1, 2, 2]);
  const y = batchNormFixed(x, tf.tensor1d([2, 6]), tf.tensor1d([0.5, 1]), mean, variance, 1);
  assertClose(y.dataSync(), [2.5, 7, -1.5, -5], 1e-6);
  const scale = seeded<tf.Rank.R1>([2], 'scale');
  const offset = seeded<tf.Rank.R1>([2], 'offset');
  assertGradients(
    (a, b, c) => batchNormFixed(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D, mean, variance, 1),
    [x, scale, offset],
  );
});

test('batch normalisation leaves no tensors behind', () => {
  const x = seeded<tf.Rank.R4>([2, 2, 2, 3], 'x');
  const scale = tf.ones<tf.Rank.R1>([3]);
  const offset = tf.zeros<tf.Rank.R1>([3]);
  assertLeavesNothing(() => tf.tidy(() => batchNormTrain(x, scale, offset, 1e-5, ignore)));
  assertLeavesNothing(() =>
    tf.grads((...inputs) =>
      tf.sum(tf.square(batchNormTrain(...(inputs as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D]), 1e-5, ignore))),
    )([x, scale, offset]),
  );
  const kept: tf.Tensor[] = [];
  assertLeavesNothing(() => {
    const y = tf.tidy(() =>
      batchNormTrain(x, scale, offset, 1e-5, ({ mean, variance }) => kept.push(tf.keep(mean), tf.keep(variance))),
    );
    return [y, ...kept];
  });
  assert.equal(kept.length, 2);
});
