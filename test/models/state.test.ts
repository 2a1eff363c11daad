import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Parameters, type ParameterSpec } from '../../src/models/parameters.js';
import { exportState, importState, listed, plainName, type State } from '../../src/models/state.js';
import { UsageError } from '../../src/system/errors.js';

await startEngine();

const specs: ParameterSpec[] = [
  { name: 'conv.weight', kind: 'conv', shape: [3, 1, 2, 4], init: { type: 'he-normal', fanOut: 1 }, trainable: true },
  { name: 'fc.weight', kind: 'linear', shape: [4, 3], init: { type: 'normal', deviation: 1 }, trainable: true },
  { name: 'fc.bias', kind: 'vector', shape: [3], init: { type: 'uniform', fanIn: 4 }, trainable: false },
];

test("out and in again is the same model; what is out has PyTorch's shapes", () => {
  const one = new Parameters(specs, randomStream(1));
  const two = new Parameters(specs, randomStream(2));
  const state = exportState(one);
  assert.deepEqual(
    [...state].map(([name, { shape }]) => [name, shape]),
    [
      ['conv.weight', [4, 2, 3, 1]],
      ['fc.weight', [3, 4]],
      ['fc.bias', [3]],
    ],
  );
  importState(two, state, 'memory');
  for (const { name } of specs) assert.deepEqual(two.get(name).dataSync(), one.get(name).dataSync());
  assert.deepEqual(exportState(two), state);
});

test('a prefix chooses among several models; other names are left alone', () => {
  const parameters = new Parameters(specs, randomStream(1));
  const other = exportState(new Parameters(specs, randomStream(2)));
  const state: State = new Map([...other].map(([name, values]) => [`encoder.${name}`, values]));
  state.set('head.x', { shape: [1], data: Float32Array.of(1) });
  importState(parameters, state, 'memory', 'encoder.');
  assert.deepEqual(exportState(parameters), other);
});

test('a state that does not fit: all that is missing or of another shape is named, nothing is set', () => {
  const parameters = new Parameters(specs, randomStream(1));
  const before = exportState(parameters);
  const state: State = new Map(exportState(new Parameters(specs, randomStream(2))));
  state.delete('fc.bias');
  state.set('fc.weight', { shape: [4, 3], data: new Float32Array(12) });
  assert.throws(
    () => {
      importState(parameters, state, 'weights.safetensors');
    },
    (error) =>
      error instanceof UsageError &&
      error.message === 'weights.safetensors does not fit the model: fc.weight is [4,3], not [3,4]; fc.bias is missing',
  );
  assert.deepEqual(exportState(parameters), before);
});

test('of many problems ten are listed and the rest counted', () => {
  const problems = Array.from({ length: 12 }, (_, i) => `p${i}`);
  assert.equal(listed(problems.slice(0, 10)), 'p0; p1; p2; p3; p4; p5; p6; p7; p8; p9');
  assert.equal(listed(problems), 'p0; p1; p2; p3; p4; p5; p6; p7; p8; p9; and 2 more');
});

test('plain names: what wrappers add is taken away', () => {
  assert.equal(plainName('module.base_model.layer1.0.conv1.net.weight'), 'layer1.0.conv1.weight');
  assert.equal(plainName('layer1.0.bn1.running_mean'), 'layer1.0.bn1.running_mean');
  assert.equal(plainName('base_model.conv1.weight'), 'conv1.weight');
  assert.equal(plainName('layer1.0.net.conv1.weight'), 'layer1.0.net.conv1.weight');
});
