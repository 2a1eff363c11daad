import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../src/engine/random.js';
import { startEngine } from '../../src/engine/backend.js';
import { buildEncoder } from '../../src/models/encoders/encoder-catalogue.js';
import { Parameters, type ParameterSpec } from '../../src/models/parameters.js';
import { freezeBelow, parameterBlocks } from '../../src/models/transfer.js';

await startEngine();

const keys = { width: 4, shift: 0, input: 'rgb', window: null, aggregator: { type: 'mean' } } as const;

/** How the parameters of an encoder's blocks begin, from its input to its features. */
function beginnings(type: 'resnet18' | 'mobilenet-v2' | 'efficientnet-lite0' | 'r2plus1d-18'): string[] {
  const width = type === 'resnet18' || type === 'r2plus1d-18' ? 4 : 0.25;
  return parameterBlocks(buildEncoder({ ...keys, type, width }).parameters).map(([name]) => name!);
}

test('the blocks of encoders: stem, residual blocks, last convolution', () => {
  assert.deepEqual(beginnings('resnet18'), [
    'conv1.weight',
    ...[1, 2, 3, 4].flatMap((layer) => [0, 1].map((block) => `layer${layer}.${block}.conv1.weight`)),
  ]);
  assert.deepEqual(beginnings('mobilenet-v2').slice(-2), ['features.17.conv.0.0.weight', 'features.18.0.weight']);
  assert.equal(beginnings('mobilenet-v2').length, 19);
  assert.deepEqual(beginnings('efficientnet-lite0').slice(-2), ['_blocks.15._expand_conv.weight', '_conv_head.weight']);
  assert.deepEqual(beginnings('r2plus1d-18').slice(-2), ['layer4.0.conv1.0.0.weight', 'layer4.1.conv1.0.0.weight']);
});

const layer = (name: string, kind: 'conv' | 'linear', shape: number[]): ParameterSpec[] => [
  { name: `${name}.weight`, kind, shape, init: { type: 'constant', value: 0 }, trainable: true },
  { name: `${name}.bias`, kind: 'vector', shape: [1], init: { type: 'constant', value: 0 }, trainable: true },
];
const codebook: ParameterSpec = {
  ...{
    name: 'aggregator.words',
    kind: 'codebook',
    shape: [1, 1],
    init: { type: 'constant', value: 0 },
    trainable: true,
  },
};
const chain = [
  ...['conv1', 'conv2', 'conv5'].flatMap((name) => layer(name, 'conv', [1, 1, 1, 1])),
  ...['fc6', 'fc7'].flatMap((name) => layer(name, 'linear', [1, 1])),
];

const trainable = (specs: readonly ParameterSpec[], transfer: 'all' | 'top' | 'top3') => {
  using parameters = new Parameters(specs, randomStream(0));
  freezeBelow(parameters, transfer);
  return parameters.trainable();
};

test('of a chain of layers the two before the classifier are trained, with a codebook behind them', () => {
  assert.deepEqual(trainable(chain, 'top3'), ['fc6.weight', 'fc6.bias', 'fc7.weight', 'fc7.bias']);
  assert.deepEqual(trainable([...chain, codebook], 'top3').slice(-2), ['fc7.bias', 'aggregator.words']);
  assert.deepEqual(trainable([...chain, codebook], 'top'), []);
  assert.deepEqual(trainable(chain, 'all').length, 10);
  // Layers with numbers for names are told apart by them.
  const numbered = ['classifier.1', 'classifier.4', 'classifier.6'].flatMap((name) => layer(name, 'linear', [1, 1]));
  assert.deepEqual(trainable(numbered, 'top3')[0], 'classifier.4.weight');
});

test('of two networks, the last two blocks of each', () => {
  const encoder = buildEncoder({ ...keys, type: 'resnet18', input: 'rgb+dynamic' });
  const begun = new Set(trainable(encoder.parameters, 'top3').map((name) => name.split('.').slice(0, 3).join('.')));
  assert.deepEqual([...begun], ['rgb.layer4.0', 'rgb.layer4.1', 'dynamic.layer4.0', 'dynamic.layer4.1']);
});
