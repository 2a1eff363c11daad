import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { batchNorm } from '../../src/models/layers/batch-norm-layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { StatisticsCollector } from '../../src/train/statistics.js';
import { assertClose } from '../support/numeric.js';

await startEngine();

test('running statistics move once a step, by those of all its passes together', () => {
  const before = tf.memory().numTensors;
  const layers = [batchNorm('one', 2), batchNorm('two', 1)];
  const parameters = new Parameters(
    layers.flatMap((layer) => layer.parameters),
    randomStream(0),
  );
  const collector = new StatisticsCollector();
  const held = tf.memory().numTensors;
  const pass = (layer: string, mean: number[], variance: number[]) => {
    tf.tidy(() => {
      collector.collect(layer, { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) });
    });
  };
  pass('one', [1, 2], [3, 4]);
  pass('two', [7], [9]);
  pass('one', [3, 6], [5, 0]);
  collector.update(parameters);
  // 0.9 · 0 + 0.1 · mean of (1, 3), and so on.
  assertClose(parameters.get('one.running_mean').dataSync(), [0.2, 0.4], 1e-6);
  // 0.9 · 1 + 0.1 · (mean of the variances + variance of the means): (3 + 5) / 2 + 1, and (4 + 0) / 2 + 4.
  assertClose(parameters.get('one.running_var').dataSync(), [1.4, 1.5], 1e-6);
  assertClose(parameters.get('two.running_mean').dataSync(), [0.7], 1e-6);
  assertClose(parameters.get('two.running_var').dataSync(), [1.8], 1e-6);
  assert.equal(tf.memory().numTensors, held);

  // The collector is empty now, so nothing moves.
  collector.update(parameters);
  assertClose(parameters.get('two.running_var').dataSync(), [1.8], 1e-6);
  pass('two', [1], [1]);
  collector.update(parameters, 0.5);
  assertClose(parameters.get('two.running_mean').dataSync(), [0.85], 1e-6);
  parameters.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('a mean over items moves its parameter once a step, passes weighted by their items', () => {
  const spec = {
    name: 'n',
    kind: 'vector',
    shape: [1],
    init: { type: 'constant', value: 10 },
    trainable: false,
  } as const;
  const parameters = new Parameters([{ ...spec, shape: [1] }], randomStream(0));
  const collector = new StatisticsCollector();
  const held = tf.memory().numTensors;
  for (const [mean, items] of [
    [4, 3],
    [8, 1],
  ] as const) {
    tf.tidy(() => {
      collector.collectMean('n', tf.tensor1d([mean]), items);
    });
  }
  collector.update(parameters);
  // 0.9 · 10 + 0.1 · (3 · 4 + 1 · 8) / 4
  assertClose(parameters.get('n').dataSync(), [9.5], 1e-6);
  collector.update(parameters);
  assertClose(parameters.get('n').dataSync(), [9.5], 1e-6);
  assert.equal(tf.memory().numTensors, held);
  parameters.dispose();
});
