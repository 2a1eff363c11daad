import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Classifier } from '../../../src/models/classifier.js';
import { knownEncoder } from '../../../src/models/weights/known-encoders.js';
import type { ParameterSpec } from '../../../src/models/parameters.js';
import { UsageError } from '../../../src/system/errors.js';
import {
  tsmRules,
  uniformRules,
  withFactors,
  type ParameterRules,
} from '../../../src/train/optimizers/parameter-rules.js';

const options = { weightDecay: 1e-4, classifierLr: 5 };
/** TSM's multipliers (`get_optim_policies` of its ops/models.py). */
const weight = { lr: 1, weightDecay: 1e-4 };
const normalization = { lr: 1, weightDecay: 0 };

const encoders = {
  resnet18: {
    weights: ['conv1.weight', 'layer1.0.conv1.weight', 'layer2.0.downsample.0.weight'],
    normalizations: ['bn1.weight', 'bn1.bias', 'layer4.1.bn2.bias', 'layer2.0.downsample.1.weight'],
  },
  resnet50: {
    weights: ['conv1.weight', 'layer3.5.conv3.weight', 'layer1.0.downsample.0.weight'],
    normalizations: ['bn1.bias', 'layer3.5.bn3.weight', 'layer1.0.downsample.1.bias'],
  },
  'mobilenet-v2': {
    weights: ['features.0.0.weight', 'features.1.conv.0.0.weight', 'features.2.conv.2.weight', 'features.18.0.weight'],
    normalizations: ['features.0.1.weight', 'features.2.conv.3.bias', 'features.18.1.bias'],
  },
  'efficientnet-lite0': {
    weights: ['_conv_stem.weight', '_blocks.0._depthwise_conv.weight', '_blocks.15._project_conv.weight'],
    normalizations: ['_bn0.weight', '_blocks.0._bn1.bias', '_bn1.weight'],
  },
  'r2plus1d-18': {
    weights: ['stem.0.weight', 'stem.3.weight', 'layer1.0.conv1.0.0.weight', 'layer2.0.downsample.0.weight'],
    normalizations: ['stem.1.weight', 'stem.4.bias', 'layer1.0.conv1.0.1.bias', 'layer1.0.conv1.1.weight'],
  },
} as const;

for (const [type, { weights, normalizations }] of Object.entries(encoders)) {
  test(`TSM's groups of ${type}, by name: weights decay, scale and offset of batch normalisation do not`, () => {
    const { parameters } = knownEncoder(type as keyof typeof encoders)!;
    const rules = tsmRules(parameters, options);
    for (const name of weights) assert.deepEqual(rules.get(name), weight, name);
    for (const name of normalizations) assert.deepEqual(rules.get(name), normalization, name);
    // The network's convolutions have no bias, so these two groups are all of it; running statistics are in neither.
    const trainable = parameters.filter((spec) => spec.trainable);
    assert.deepEqual(
      [...rules],
      trainable.map(({ name, kind }) => [name, kind === 'vector' ? normalization : weight]),
    );
  });
}

test("TSM's groups of the last layer: weight at five times the rate, bias at ten times and without decay", () => {
  const { parameters } = new Classifier(4, 3, 0.001);
  assert.deepEqual(
    [...tsmRules(parameters, options)],
    [
      ['fc.weight', { lr: 5, weightDecay: 1e-4 }],
      ['fc.bias', { lr: 10, weightDecay: 0 }],
    ],
  );
});

test("TSM's biases of convolutions: twice the rate, no decay", () => {
  const vector = { kind: 'vector', shape: [2], init: { type: 'constant', value: 0 }, trainable: true } as const;
  const specs: ParameterSpec[] = [
    { ...vector, name: 'conv1.weight', kind: 'conv', shape: [1, 1, 1, 2] },
    { ...vector, name: 'conv1.bias', shape: [2] },
  ];
  assert.deepEqual(
    [...tsmRules(specs, options)],
    [
      ['conv1.weight', weight],
      ['conv1.bias', { lr: 2, weightDecay: 0 }],
    ],
  );
  // LoFi's joint stage and G-TAD's have one group.
  assert.deepEqual(
    [...uniformRules(specs, 1e-3)],
    specs.map(({ name }) => [name, { lr: 1, weightDecay: 1e-3 }]),
  );
});

test('factors go by the longest beginning of whole names, on top of the groups', () => {
  const rule = (lr: number) => ({ lr, weightDecay: 0 });
  const rules = new Map<string, ParameterRules>([
    ['encoder', new Map(['conv1.weight', 'layer1.0.w', 'layer10.0.w'].map((name) => [name, rule(1)]))],
    ['head', new Map([['fc.bias', rule(10)]])],
  ]);
  const rates = (factors: Record<string, number>) =>
    [...withFactors(rules, factors, 'joint.lrFactors').values()].map((part) => [...part.values()].map(({ lr }) => lr));
  assert.deepEqual(rates({}), [[1, 1, 1], [10]]);
  assert.deepEqual(rates({ encoder: 0.1, 'encoder.layer1': 0.5 }), [[0.1, 0.5, 0.1], [10]]);
  assert.deepEqual(rates({ 'encoder.conv1.weight': 3, head: 2 }), [[3, 1, 1], [20]]);
  for (const wrong of ['enc', 'encoder.layer', 'layer1', 'encoder.layer1.0.w.x']) {
    assert.throws(
      () => rates({ head: 2, [wrong]: 2 }),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(`joint.lrFactors: no trained parameter begins with ${wrong};`),
    );
  }
});
