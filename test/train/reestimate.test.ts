import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { batchNorm } from '../../src/models/layers/batch-norm-layer.js';
import { conv } from '../../src/models/layers/conv.js';
import { sequence } from '../../src/models/layers/layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { WorkError } from '../../src/system/errors.js';
import { reestimateStatistics } from '../../src/train/reestimate.js';
import { assertClose, seededArray } from '../support/numeric.js';

await startEngine();

async function* list<T>(...items: T[]): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

test('by hand: batches as if they were one, whatever was there before', async () => {
  const layer = batchNorm('bn', 1);
  const parameters = new Parameters(layer.parameters, randomStream(0));
  parameters.assign('bn.running_mean', tf.tensor1d([1000]));
  const held = tf.memory().numTensors;
  // Means 2 and 8, variances 2 and 8.
  await reestimateStatistics(parameters, list([1, 3], [6, 10]), (values, pass) =>
    layer.apply(tf.tensor4d(values, [2, 1, 1, 1]), pass),
  );
  assertClose(parameters.get('bn.running_mean').dataSync(), [5], 1e-6);
  // Mean of the variances and variance of the means.
  assertClose(parameters.get('bn.running_var').dataSync(), [5 + 9], 1e-6);
  assert.equal(tf.memory().numTensors, held);
});

test('a later layer is estimated behind the normalisation by batches, and no weight moves', async () => {
  const network = sequence(batchNorm('one', 2, 0), conv('c', { in: 2, out: 1, kernel: 1 }), batchNorm('two', 1, 0));
  const parameters = new Parameters(network.parameters, randomStream(0));
  const trained = parameters.trainable().map((name) => [...parameters.get(name).dataSync()]);
  const x = seededArray(24, 'x');
  await reestimateStatistics(parameters, list(x), (values, pass) =>
    network.apply(tf.tensor(values, [3, 2, 2, 2]), pass),
  );
  // After the first layer the channels have mean 0, so a linear layer has too.
  assert.ok(Math.abs(parameters.get('two.running_mean').dataSync()[0]!) < 1e-6);
  assert.ok(parameters.get('two.running_var').dataSync()[0]! > 0.01);
  assert.deepEqual(
    parameters.trainable().map((name) => [...parameters.get(name).dataSync()]),
    trained,
  );
  // Estimated like this, the running statistics normalise this batch as its own do, except for n - 1
  // instead of n in each layer.
  const features = (normalization: 'batch' | 'running') =>
    network.apply(tf.tensor(x, [3, 2, 2, 2]), { parameters, normalization }).dataSync();
  assertClose(
    features('running'),
    features('batch').map((value) => value * (11 / 12)),
    1e-5,
  );
});

test('no batch is an error', async () => {
  const parameters = new Parameters([], randomStream(0));
  await assert.rejects(
    reestimateStatistics(parameters, list<number>(), () => tf.scalar(0)),
    WorkError,
  );
});
