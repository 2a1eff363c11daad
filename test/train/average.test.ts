import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Parameters } from '../../src/models/parameters.js';
import { ParameterAverage } from '../../src/train/average.js';
import { assertClose } from '../support/numeric.js';

await startEngine();

function model(): Parameters {
  const spec = { kind: 'vector', shape: [2], init: { type: 'constant', value: 1 } } as const;
  return new Parameters(
    [
      { ...spec, name: 'w', shape: [2], trainable: true },
      { ...spec, name: 'running_mean', shape: [2], trainable: false },
    ],
    randomStream(0),
  );
}
const values = (parameters: Parameters, name = 'w') => [...parameters.get(name).dataSync()];

test('by hand: nine tenths of the first step, then less, at last by the decay; statistics too', () => {
  const parameters = model();
  const average = new ParameterAverage(parameters, 0.5);
  const after = (step: number, w: number[]) => {
    parameters.assign('w', tf.tensor1d(w));
    average.update(step);
    average.swap();
    const seen = values(parameters);
    average.swap();
    assert.deepEqual(values(parameters), w);
    return seen;
  };
  // d = 1/10, 2/11, then at step 20 21/30, of which 0.5 remains.
  assertClose(after(0, [2, 1]), [1.9, 1], 1e-6);
  assertClose(after(1, [3, 1]), [1.9 * (2 / 11) + 3 * (9 / 11), 1], 1e-6);
  const before = 1.9 * (2 / 11) + 3 * (9 / 11);
  assertClose(after(20, [4, 5]), [(before + 4) / 2, 3], 1e-6);
  // A value that does not move stays equal to the bit.
  assert.deepEqual([...average.slots().get('running_mean')!.dataSync()], [1, 1]);
  parameters.assign('running_mean', tf.tensor1d([3, -1]));
  average.update(20);
  assert.deepEqual([...average.slots().get('running_mean')!.dataSync()], [2, 0]);
});

test('stored while swapped and restored, it goes on to the bit; nothing is left behind', () => {
  const start = tf.memory().numTensors;
  const [whole, broken] = [model(), model()];
  const one = new ParameterAverage(whole, 0.9);
  const two = new ParameterAverage(broken, 0.9);
  const held = tf.memory().numTensors;
  const move = (parameters: Parameters, average: ParameterAverage, step: number) => {
    parameters.assign('w', tf.tensor1d([Math.sin(step), Math.cos(step)]));
    average.update(step);
  };
  for (const step of [0, 1, 2]) move(whole, one, step);
  for (const step of [0, 1]) move(broken, two, step);
  two.swap();
  const stored = [...two.slots()].map(([name, tensor]): [string, number[]] => [name, [...tensor.dataSync()]]);
  assertClose(stored[0]![1], [Math.sin(1), Math.cos(1)], 1e-6);
  two.restore(new Map(stored.map(([name, data]) => [name, tf.tensor1d(data)])));
  two.swap();
  move(broken, two, 2);
  for (const [name, tensor] of one.slots()) assert.deepEqual(two.slots().get(name)!.dataSync(), tensor.dataSync());
  assert.equal(tf.memory().numTensors, held);
  assert.throws(() => {
    two.restore(new Map());
  }, /averaged parameter missing: w/);
  for (const average of [one, two]) average.dispose();
  for (const parameters of [whole, broken]) parameters.dispose();
  assert.equal(tf.memory().numTensors, start);
});
