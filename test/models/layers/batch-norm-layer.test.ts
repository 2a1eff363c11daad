import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { batchNorm, setBatchNormMode, type BatchNormMode } from '../../../src/models/layers/batch-norm-layer.js';
import { conv } from '../../../src/models/layers/conv.js';
import { sequence } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { assertClose, assertLeavesNothing, seeded, seededArray } from '../../support/numeric.js';

await startEngine();

const network = sequence(
  conv('conv', { in: 2, out: 3, kernel: 1 }),
  batchNorm('bn', 3),
  conv('last', { in: 3, out: 2, kernel: 1 }),
);
const x = seeded<tf.Rank.R4>([2, 2, 3, 2], 'x');
const projection = seeded<tf.Rank.R4>([2, 2, 3, 2], 'projection');

/** A model in a mode, whose running statistics differ from those of the batch. */
function model(mode: BatchNormMode) {
  const parameters = new Parameters(network.parameters, randomStream(1));
  for (const [name, low, high] of [
    ['bn.weight', 0.5, 1.5],
    ['bn.bias', -1, 1],
    ['bn.running_mean', -1, 1],
    ['bn.running_var', 1, 2],
  ] as const) {
    parameters.assign(name, tf.tensor1d(seededArray(3, name, low, high)));
  }
  return { parameters, normalization: setBatchNormMode(parameters, mode) };
}

function gradients({ parameters, normalization }: ReturnType<typeof model>) {
  const names = parameters.trainable();
  const { value, grads } = tf.variableGrads(
    () => tf.sum(tf.mul(network.apply(x, { parameters, normalization }), projection)),
    names.map((name) => parameters.variable(name)),
  );
  value.dispose();
  return new Map(names.map((name) => [name, grads[parameters.variable(name).name]!]));
}

const expected: [BatchNormMode, 'batch' | 'running', string[]][] = [
  ['train', 'batch', ['conv.weight', 'bn.weight', 'bn.bias', 'last.weight']],
  ['frozen', 'running', ['conv.weight', 'bn.weight', 'bn.bias', 'last.weight']],
  ['frozen-affine', 'running', ['conv.weight', 'last.weight']],
];

for (const [mode, normalization, trained] of expected) {
  test(`${mode}: normalises by the statistics it should, trains what it should, with the gradients of that`, () => {
    const one = model(mode);
    assert.equal(one.normalization, normalization);
    const given = gradients(one);
    assert.deepEqual([...given.keys()], trained);
    // Central differences of the pass that the mode requires, in every element of every trained tensor.
    const value = () =>
      tf
        .tidy(() => {
          const y = network.apply(x, { parameters: one.parameters, normalization });
          return tf.mul(y, projection).dataSync<'float32'>();
        })
        .reduce((sum, v) => sum + v, 0);
    for (const [name, gradient] of given) {
      const values = one.parameters.get(name).dataSync<'float32'>().slice();
      const moved = (i: number, by: number) => {
        const changed = values.slice();
        changed[i]! += by;
        one.parameters.assign(name, tf.tensor(changed, gradient.shape));
        return value();
      };
      const numeric = Array.from(values, (_, i) => (moved(i, 1e-2) - moved(i, -1e-2)) / 2e-2);
      one.parameters.assign(name, tf.tensor(values, gradient.shape));
      assertClose(gradient.dataSync(), numeric, 1e-2, `${mode} ${name}`);
    }
    tf.dispose([...given.values()]);
    assertLeavesNothing(() => [...gradients(one).values()]);
  });
}

test('frozen-affine gives the rest the gradients that frozen gives it', () => {
  const frozen = gradients(model('frozen'));
  for (const [name, gradient] of gradients(model('frozen-affine'))) {
    assert.deepEqual(gradient.dataSync(), frozen.get(name)!.dataSync(), name);
  }
});
