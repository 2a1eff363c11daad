import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import type { ParameterSpec } from '../../../src/models/parameters.js';
import { UsageError } from '../../../src/system/errors.js';

const count = (specs: readonly ParameterSpec[], which: (spec: ParameterSpec) => boolean = () => true) =>
  specs.filter(which).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const encoder = (keys: { type?: string; width?: number; shift?: number }) =>
  buildEncoder(configSchema.parse({ encoder: keys }).encoder);
const trainable = (spec: ParameterSpec) => spec.trainable;
const head = (change: object, features = 512) => buildHead(configSchema.parse({ model: change }).model, features, 20);

test('G-TAD has as many parameters as the authors’ (docs/method.md §7.1)', () => {
  assert.equal(count(head({}, 400).parameters), 5_563_268);
  assert.equal(count(head({}, 512).parameters), 5_584_772);
  assert.equal(count(head({}, 2048).parameters), 5_879_684);
});

test('ResNet-18 has as many parameters as torchvision’s without the classifier', () => {
  const { parameters, channels } = encoder({});
  assert.equal(channels, 512);
  assert.equal(count(parameters, trainable), 11_176_512);
  const names = new Set(parameters.map((spec) => spec.name));
  for (const name of ['conv1.weight', 'bn1.running_var', 'layer1.0.conv1.weight', 'layer4.1.bn2.bias'])
    assert.ok(names.has(name), name);
  assert.deepEqual(
    [...names].filter((name) => name.includes('downsample') && name.endsWith('.weight')),
    [2, 3, 4].flatMap((n) => [`layer${n}.0.downsample.0.weight`, `layer${n}.0.downsample.1.weight`]),
  );
});

test('the other encoders have as many parameters as torchvision’s without the classifier', () => {
  for (const [type, channels, parameters] of [
    ['resnet34', 512, 21_284_672],
    ['resnet50', 2048, 23_508_032],
    // 31,505,325 less a classifier of 512 x 400 + 400.
    ['r2plus1d-18', 512, 31_300_125],
  ] as const) {
    const built = encoder({ type });
    assert.deepEqual([built.channels, count(built.parameters, trainable)], [channels, parameters], type);
  }
});

test('what is not said of an encoder is as published', () => {
  const widthAndShift = (type: string) => {
    const { width, shift } = configSchema.parse({ encoder: { type } }).encoder;
    return [width, shift];
  };
  assert.deepEqual(widthAndShift('resnet50'), [64, 8]);
  assert.deepEqual(widthAndShift('mobilenet-v2'), [1, 8]);
  assert.deepEqual(widthAndShift('efficientnet-lite0'), [1, 8]);
  assert.deepEqual(widthAndShift('r2plus1d-18'), [64, 0]);
});

test('MobileNetV2 has as many parameters as Keras’ and torchvision’s', () => {
  const small = encoder({ type: 'mobilenet-v2', width: 0.35 });
  assert.equal(small.channels, 1280);
  // Keras counts running statistics too.
  assert.equal(count(small.parameters), 410_208);
  // torchvision's 3,504,872 less its classifier of 1280 x 1000 + 1000.
  const full = encoder({ type: 'mobilenet-v2', width: 1 });
  assert.equal(count(full.parameters, trainable), 2_223_872);
  assert.equal(encoder({ type: 'mobilenet-v2', width: 1.4 }).channels, 1792);
});

test('EfficientNet-Lite0 has as many parameters as the published one without the classifier', () => {
  const { channels, parameters } = encoder({ type: 'efficientnet-lite0' });
  // 4,652,008 less a classifier of 1280 x 1000 + 1000.
  assert.deepEqual([channels, count(parameters, trainable)], [1280, 3_371_008]);
});

test('sizes that cannot be are refused with their key', () => {
  const refused = (work: () => unknown, message: RegExp) => {
    assert.throws(work, (error) => error instanceof UsageError && message.test(error.message));
  };
  refused(() => head({ h1: 30 }), /^model\.h1: 30 channels do not divide into 4 groups/);
  refused(() => head({ width: 100 }), /^model\.width: 100 channels do not divide into 32 groups/);
});
