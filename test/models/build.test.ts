import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { buildEncoder, buildHead } from '../../src/models/build.js';
import type { ParameterSpec } from '../../src/models/parameters.js';
import { UsageError } from '../../src/system/errors.js';

const count = (specs: readonly ParameterSpec[], which: (spec: ParameterSpec) => boolean = () => true) =>
  specs.filter(which).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const defaults = configSchema.parse({});
const encoder = (change: Partial<typeof defaults.encoder>) => buildEncoder({ ...defaults.encoder, ...change });
const head = (change: Partial<typeof defaults.model>, features = 512) =>
  buildHead({ ...defaults.model, ...change }, features);

test('G-TAD has as many parameters as the authors’ (lofi_spec §3.1)', () => {
  assert.equal(count(head({}, 400).parameters), 5_563_268);
  assert.equal(count(head({}, 512).parameters), 5_584_772);
  assert.equal(count(head({}, 2048).parameters), 5_879_684);
});

test('ResNet-18 has as many parameters as torchvision’s without the classifier', () => {
  const { parameters, channels } = encoder({});
  assert.equal(channels, 512);
  assert.equal(
    count(parameters, (spec) => spec.trainable),
    11_176_512,
  );
  const names = new Set(parameters.map((spec) => spec.name));
  for (const name of ['conv1.weight', 'bn1.running_var', 'layer1.0.conv1.weight', 'layer4.1.bn2.bias'])
    assert.ok(names.has(name), name);
  assert.deepEqual(
    [...names].filter((name) => name.includes('downsample') && name.endsWith('.weight')),
    [2, 3, 4].flatMap((n) => [`layer${n}.0.downsample.0.weight`, `layer${n}.0.downsample.1.weight`]),
  );
});

test('MobileNetV2 has as many parameters as Keras’ and torchvision’s', () => {
  const small = encoder({ type: 'mobilenet-v2', width: 0.35 });
  assert.equal(small.channels, 1280);
  // Keras counts running statistics too.
  assert.equal(count(small.parameters), 410_208);
  // torchvision's 3,504,872 less its classifier of 1280 x 1000 + 1000.
  const full = encoder({ type: 'mobilenet-v2', width: 1 });
  assert.equal(
    count(full.parameters, (spec) => spec.trainable),
    2_223_872,
  );
  assert.equal(encoder({ type: 'mobilenet-v2', width: 1.4 }).channels, 1792);
});

test('sizes that cannot be are refused with their key', () => {
  const refused = (work: () => unknown, message: RegExp) => {
    assert.throws(work, (error) => error instanceof UsageError && message.test(error.message));
  };
  refused(() => encoder({ width: 0.5 }), /^encoder\.width: .*0\.5/);
  refused(() => head({ h1: 30 }), /^model\.h1: 30 channels do not divide into 4 groups/);
  refused(() => head({ width: 100 }), /^model\.width: 100 channels do not divide into 32 groups/);
});
