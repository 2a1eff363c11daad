import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { Parameters } from '../../../src/models/parameters.js';
import { adamW } from '../../../src/train/optimizers/adamw.js';
import { alexnetSgd } from '../../../src/train/optimizers/alexnet-sgd.js';
import { adam, sgd, type Optimizer, type ParameterRule } from '../../../src/train/optimizers/optimizers.js';
import { assertClose } from '../../support/numeric.js';

await startEngine();

const start = [1, -2, 0.5];
/** Gradients of six steps. */
const steps = [
  [0.1, -0.2, 0.3],
  [-0.4, 0.5, 0],
  [0.05, 0.05, -1],
  [2, 0, 0.1],
  [0.3, 0.3, 0.3],
  [-0.1, 0.6, 0.2],
];
const lr = 0.1;

function model(): Parameters {
  const parameters = new Parameters(
    ['a', 'b'].map((name) => ({
      name,
      kind: 'vector',
      shape: [3],
      init: { type: 'constant', value: 0 },
      trainable: true,
    })),
    randomStream(0),
  );
  for (const name of ['a', 'b']) parameters.assign(name, tf.tensor1d(start));
  return parameters;
}

/** `a` by its own rule; `b` at half the rate and without decay. */
const rules = new Map<string, ParameterRule>([
  ['a', { lr: 1, weightDecay: 0.1 }],
  ['b', { lr: 0.5, weightDecay: 0 }],
]);

function take(optimizer: Optimizer, gradients: number[][]): void {
  for (const values of gradients) {
    const gradient = tf.tensor1d(values);
    optimizer.step(
      new Map([
        ['a', gradient],
        ['b', gradient],
      ]),
      lr,
    );
    gradient.dispose();
  }
}

/** PyTorch's SGD, one number at a time. */
function torchSgd(momentum: number, rate: number, decay: number): number[] {
  return start.map((w, i) => {
    let v = 0;
    for (const gradient of steps) {
      v = momentum * v + gradient[i]! + decay * w;
      w -= rate * v;
    }
    return w;
  });
}

/** PyTorch's Adam: L2 in the gradient, ε outside the root of the unbiased square. */
function torchAdam(rate: number, decay: number): number[] {
  return start.map((w, i) => {
    let m = 0;
    let s = 0;
    steps.forEach((gradient, t) => {
      const g = gradient[i]! + decay * w;
      m = 0.9 * m + 0.1 * g;
      s = 0.999 * s + 0.001 * g * g;
      w -= (rate * (m / (1 - 0.9 ** (t + 1)))) / (Math.sqrt(s / (1 - 0.999 ** (t + 1))) + 1e-8);
    });
    return w;
  });
}

/** PyTorch's AdamW: the weight shrinks first, and the gradient does not contain the decay. */
function torchAdamW(rate: number, decay: number): number[] {
  return start.map((w, i) => {
    let m = 0;
    let s = 0;
    steps.forEach((gradient, t) => {
      m = 0.9 * m + 0.1 * gradient[i]!;
      s = 0.999 * s + 0.001 * gradient[i]! ** 2;
      w -= rate * decay * w;
      w -= (rate * (m / (1 - 0.9 ** (t + 1)))) / (Math.sqrt(s / (1 - 0.999 ** (t + 1))) + 1e-8);
    });
    return w;
  });
}

/** Heavy-ball SGD with the rate inside the velocity; at one rate this is PyTorch's. */
function rateInside(rate: number, decay: number): number[] {
  return start.map((w, i) => {
    let v = 0;
    for (const gradient of steps) {
      v = 0.9 * v - rate * (gradient[i]! + decay * w);
      w += v;
    }
    return w;
  });
}

test('one step of SGD by hand', () => {
  const parameters = model();
  take(sgd(parameters, rules, 0), steps.slice(0, 1));
  // a: 1 - 0.1 (0.1 + 0.1), …; b: 1 - 0.05 · 0.1, …
  assertClose(parameters.get('a').dataSync(), [0.98, -1.96, 0.465], 1e-6);
  assertClose(parameters.get('b').dataSync(), [0.995, -1.99, 0.485], 1e-6);
});

const makers: [string, (parameters: Parameters) => Optimizer, (rate: number, decay: number) => number[]][] = [
  ['SGD without momentum', (p) => sgd(p, rules, 0), (rate, decay) => torchSgd(0, rate, decay)],
  ['SGD with momentum', (p) => sgd(p, rules, 0.9), (rate, decay) => torchSgd(0.9, rate, decay)],
  ['Adam', (p) => adam(p, rules), torchAdam],
  ['AdamW', (p) => adamW(p, rules), torchAdamW],
  ["AlexNet's SGD", (p) => alexnetSgd(p, rules, 0.9), rateInside],
];

for (const [name, make, expected] of makers) {
  test(`${name} goes where its equations go, with decay and factors on the rate`, () => {
    const parameters = model();
    take(make(parameters), steps);
    assertClose(parameters.get('a').dataSync(), expected(lr, 0.1), 2e-6);
    assertClose(parameters.get('b').dataSync(), expected(lr / 2, 0), 2e-6);
  });

  test(`${name}: going on from stored slots is never having stopped, to the bit`, () => {
    const whole = model();
    take(make(whole), steps);
    const before = model();
    const first = make(before);
    take(first, steps.slice(0, 3));
    const stored = [...first.slots()].map(([slot, tensor]): [string, number[], number[]] => [
      slot,
      [...tensor.shape],
      [...tensor.dataSync()],
    ]);
    const after = model();
    for (const parameter of ['a', 'b']) after.assign(parameter, tf.clone(before.get(parameter)));
    const second = make(after);
    second.restore(new Map(stored.map(([slot, shape, data]) => [slot, tf.tensor(data, shape)])));
    take(second, steps.slice(3));
    for (const parameter of ['a', 'b'])
      assert.deepEqual(after.get(parameter).dataSync(), whole.get(parameter).dataSync());
  });

  test(`${name}: a parameter without gradient stays, nothing is left behind`, () => {
    const before = tf.memory().numTensors;
    const parameters = model();
    const optimizer = make(parameters);
    const held = tf.memory().numTensors;
    const gradient = tf.tensor1d([1, 1, 1]);
    optimizer.step(new Map([['a', gradient]]), lr);
    assert.deepEqual([...parameters.get('b').dataSync()], start);
    gradient.dispose();
    assert.equal(tf.memory().numTensors, held);
    optimizer.dispose();
    parameters.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
}

test('slots are named by what they are of; a missing one is named', () => {
  const parameters = model();
  assert.deepEqual([...sgd(parameters, rules, 0.9).slots().keys()], ['velocity.a', 'velocity.b']);
  const optimizer = adam(parameters, rules);
  assert.deepEqual(
    [...optimizer.slots().keys()],
    ['a', 'b'].flatMap((name) => [`mean.${name}`, `square.${name}`, `age.${name}`]),
  );
  assert.throws(() => {
    optimizer.restore(new Map());
  }, /optimizer slot missing: mean\.a/);
});
