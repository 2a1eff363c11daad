import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Parameters, type ParameterSpec } from '../../src/models/parameters.js';
import { blend } from '../../src/train/blend.js';

await startEngine();

test('a blend lies its share of the way from the start to what was trained, statistics too', () => {
  const vector = (name: string, value: number, trainable: boolean): ParameterSpec => ({
    ...{ name, kind: 'vector', shape: [2], trainable },
    init: { type: 'constant', value },
  });
  const [start, trained] = [
    [1, 0],
    [3, 10],
  ].map(
    ([weight, mean]) =>
      new Parameters([vector('weight', weight!, true), vector('running_mean', mean!, false)], randomStream(0)),
  ) as [Parameters, Parameters];
  const before = tf.memory().numTensors;
  blend(trained, start, 0.4);
  assert.equal(tf.memory().numTensors, before);
  for (const [name, value] of [
    ['weight', 1.8],
    ['running_mean', 4],
  ] as const)
    for (const found of trained.get(name).dataSync()) assert.ok(Math.abs(found - value) < 1e-6, `${name}: ${found}`);
  assert.deepEqual([...start.get('weight').dataSync()], [1, 1]);
  for (const parameters of [start, trained]) parameters.dispose();
});
