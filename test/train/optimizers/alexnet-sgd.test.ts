import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { Parameters } from '../../../src/models/parameters.js';
import { alexnetSgd } from '../../../src/train/optimizers/alexnet-sgd.js';
import { optimizerOf, slotsPerParameter } from '../../../src/train/optimizers/optimizer-of.js';
import type { Optimizer } from '../../../src/train/optimizers/optimizers.js';
import { tsmRules, type ParameterRules } from '../../../src/train/optimizers/parameter-rules.js';
import { alexnetSgdGroup } from '../../../tools/fixtures/alexnet-sgd-group.js';
import golden from '../../fixtures/alexnet-sgd.json' with { type: 'json' };
import { assertClose } from '../../support/numeric.js';

await startEngine();

const { w0, momentum, weightDecay, steps } = golden.alexnetSgd;

/** A layer of one weight and one bias, both `w0`. */
function layer(): Parameters {
  const init = { type: 'constant', value: w0 } as const;
  return new Parameters(
    [
      { name: 'fc.weight', kind: 'linear', shape: [1, 1], init, trainable: true },
      { name: 'fc.bias', kind: 'vector', shape: [1], init, trainable: true },
    ],
    randomStream(0),
  );
}

/** Takes the golden steps: the values of weight and bias after each. */
function take(parameters: Parameters, optimizer: Optimizer): { weight: number[]; bias: number[] } {
  const value = (name: string) => parameters.get(name).dataSync()[0]!;
  const taken = steps.map(({ lr, grad }) => {
    const gradients = new Map<string, tf.Tensor>([
      ['fc.weight', tf.tensor2d([[grad]])],
      ['fc.bias', tf.tensor1d([grad])],
    ]);
    optimizer.step(gradients, lr);
    tf.dispose([...gradients.values()]);
    return [value('fc.weight'), value('fc.bias')] as const;
  });
  return { weight: taken.map(([weight]) => weight), bias: taken.map(([, bias]) => bias) };
}

const rulesFor = (parameters: Parameters): ParameterRules =>
  tsmRules(parameters.specs, { weightDecay, classifierLr: 1 });

test('velocity and weight are the golden ones, also after the rate has fallen', () => {
  for (const { actual, expected } of alexnetSgdGroup(golden.alexnetSgd, golden)!) assertClose(actual, expected, 1e-12);
});

test('on tensors too; the bias takes twice the rate and does not decay', () => {
  const parameters = layer();
  const { weight, bias } = take(parameters, alexnetSgd(parameters, rulesFor(parameters), momentum));
  const expectedWeights = steps.map(({ w }) => w);
  assertClose(weight, expectedWeights, 1e-7);
  let [v, b] = [0, w0];
  const expected = steps.map(({ lr, grad }) => {
    v = momentum * v - 2 * lr * grad;
    return (b += v);
  });
  assertClose(bias, expected, 1e-7);
});

test('SGD with the rate outside takes other steps, as soon as the rate has fallen and not before', () => {
  const [inside, outside] = (['alexnet', 'sgd'] as const).map((optimizer) => {
    const parameters = layer();
    return take(parameters, optimizerOf({ optimizer, momentum })(parameters, rulesFor(parameters))).weight;
  });
  const apart = inside!.map((value, i) => Math.abs(value - outside![i]!));
  assert.ok(apart[0]! < 1e-7 && apart[1]! < 1e-7, String(apart));
  assert.ok(apart[2]! > 1e-4, String(apart));
});

test('it keeps one number beside each trained one', () => {
  const parameters = layer();
  const slots = alexnetSgd(parameters, rulesFor(parameters), momentum).slots();
  assert.deepEqual([...slots.keys()], ['velocity.fc.weight', 'velocity.fc.bias']);
  assert.equal(slotsPerParameter({ optimizer: 'alexnet' }), 1);
});
