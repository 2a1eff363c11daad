import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Parameters, type ParameterSpec } from '../../src/models/parameters.js';

await startEngine();

const spec = (name: string, rest: Partial<ParameterSpec> = {}): ParameterSpec => ({
  name,
  kind: 'linear',
  shape: [50, 40],
  init: { type: 'constant', value: 3 },
  trainable: true,
  ...rest,
});

test('initial values have the deviation or bound that they should, the same for the same stream', () => {
  const specs = [
    spec('constant'),
    spec('he', { init: { type: 'he-normal', fanOut: 8 } }),
    spec('uniform', { init: { type: 'uniform', fanIn: 16 } }),
    spec('normal', { init: { type: 'normal', deviation: 0.01 } }),
  ];
  const parameters = new Parameters(specs, randomStream(1, 'a'));
  const values = (name: string) => [...parameters.get(name).dataSync()];
  const deviation = (list: number[]) => Math.sqrt(list.reduce((sum, v) => sum + v * v, 0) / list.length);
  assert.ok(values('constant').every((value) => value === 3));
  // With 2000 values the deviation is known to within 8 %, 5 standard errors.
  assert.ok(Math.abs(deviation(values('he')) / 0.5 - 1) < 0.08);
  assert.ok(Math.abs(deviation(values('normal')) / 0.01 - 1) < 0.08);
  const uniform = values('uniform');
  assert.ok(uniform.every((value) => Math.abs(value) <= 0.25));
  assert.ok(Math.max(...uniform) > 0.24 && Math.min(...uniform) < -0.24);
  const again = new Parameters(specs, randomStream(1, 'a'));
  const other = new Parameters(specs, randomStream(2, 'a'));
  assert.deepEqual([...again.get('he').dataSync()], values('he'));
  assert.notDeepEqual([...other.get('he').dataSync()], values('he'));
  for (const p of [parameters, again, other]) p.dispose();
});

test('names: twice is refused, unknown is refused, trainable ones in order', () => {
  assert.throws(() => new Parameters([spec('a'), spec('a')], randomStream(1)), /parameter defined twice: a/);
  const parameters = new Parameters([spec('b'), spec('running', { trainable: false }), spec('a')], randomStream(1));
  assert.deepEqual(parameters.trainable(), ['b', 'a']);
  assert.equal(parameters.has('running'), true);
  assert.equal(parameters.has('c'), false);
  assert.throws(() => parameters.get('c'), /no such parameter: c/);
  parameters.dispose();
});

test('assigning consumes the value; disposing frees everything', () => {
  const before = tf.memory().numTensors;
  const parameters = new Parameters([spec('a', { shape: [2] }), spec('b', { shape: [2] })], randomStream(1));
  assert.equal(tf.memory().numTensors, before + 2);
  parameters.assign('a', tf.tensor1d([5, 6]));
  assert.deepEqual([...parameters.get('a').dataSync()], [5, 6]);
  assert.deepEqual([...parameters.get('b').dataSync()], [3, 3]);
  assert.equal(tf.memory().numTensors, before + 2);
  parameters.dispose();
  assert.equal(tf.memory().numTensors, before);
});
