import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { isNative } from '../../../src/engine/ops/run-native.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import { updateCost, type StepOptions } from '../../../src/stages/estimate/cost.js';
import {
  copiedBytes,
  numbersOf,
  partWithoutValues,
  stateBytes,
  type ModelPart,
} from '../../../src/stages/estimate/model-part.js';
import { optimizerOf } from '../../../src/train/optimizers/optimizer-of.js';
import { rulesOf } from '../../../src/train/optimizers/parameter-rules.js';
import { disposeParts, trainedParts } from '../../../src/train/trained-parts.js';

before(() => startEngine());

/** A vector of 10 numbers, a matrix of 10 × 3, and 5 running statistics. */
const byHand: ModelPart = {
  specs: [
    { name: 'fc.weight', kind: 'linear', shape: [10, 3], init: { type: 'constant', value: 1 }, trainable: true },
    { name: 'fc.bias', kind: 'vector', shape: [10], init: { type: 'constant', value: 1 }, trainable: true },
    { name: 'mean', kind: 'vector', shape: [5], init: { type: 'constant', value: 1 }, trainable: false },
  ],
};

void test('slots of each optimizer and the average, in bytes counted by hand', () => {
  const numbers = numbersOf([byHand, byHand]);
  assert.deepEqual(numbers, { all: 90, trained: 80 });
  assert.equal(stateBytes(numbers, { optimizer: 'sgd', momentum: 0, ema: 0 }), 0);
  assert.equal(stateBytes(numbers, { optimizer: 'sgd', momentum: 0.9, ema: 0 }), 320);
  assert.equal(stateBytes(numbers, { optimizer: 'adam', ema: 0 }), 640);
  assert.equal(stateBytes(numbers, { optimizer: 'adamw', ema: 0 }), 640);
  // Averages are of all 90 numbers.
  assert.equal(stateBytes(numbers, { optimizer: 'adamw', ema: 0.999 }), 1000);
  assert.deepEqual(
    (['sgd', 'adam', 'adamw'] as const).map((optimizer) => copiedBytes(numbers, { optimizer })),
    [0, 0, 640],
  );
});

void test('what is frozen has no slots, but an average', () => {
  const { parameters: specs } = buildEncoder({
    type: 'resnet18',
    width: 8,
    shift: 0,
    input: 'rgb',
    window: null,
    aggregator: { type: 'mean' },
  });
  const channels = specs.filter(({ name }) => name.endsWith('running_mean')).reduce((n, { shape }) => n + shape[0]!, 0);
  const [trained, frozen] = (['train', 'frozen-affine'] as const).map((batchNorm) => numbersOf([{ specs, batchNorm }]));
  assert.equal(trained!.all, frozen!.all);
  // Of each channel scale, offset, mean and variance.
  assert.equal(trained!.trained, trained!.all - 2 * channels);
  assert.equal(frozen!.trained, trained!.trained - 2 * channels);
});

/** Bytes that the optimizers and averages of a part really hold, but for the counters of steps. */
function heldBytes(part: ModelPart, options: StepOptions): number {
  using parameters = partWithoutValues(part);
  const keys = { lrFactors: {}, ema: options.ema };
  const planned = { part: { parameters, rules: rulesOf(options, part.specs) } };
  const parts = trainedParts('test', keys, planned, optimizerOf(options));
  const { optimizer, average } = parts.part;
  const slots = [...optimizer.slots()].filter(([name]) => !name.startsWith('age.'));
  const numbers = [
    ...slots.map(([, { shape }]) => shape),
    ...[...(average?.slots().values() ?? [])].map((t) => t.shape),
  ];
  disposeParts(parts);
  return 4 * numbers.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

const config = (keys: object): Config => configSchema.parse(keys);

void test('for the pyramid with AdamW and an average, for G-TAD and an encoder: what is really held', () => {
  const pyramid = config({
    model: { type: 'pyramid', width: 32, levels: 3 },
    joint: { optimizer: 'adamw', ema: 0.99 },
    head: { optimizer: 'adamw', ema: 0.999 },
  });
  const gtad = config({ model: { h1: 32, h2: 16, h3: 32, groups: 8, width: 32 }, joint: { momentum: 0.9 } });
  const encoder = buildEncoder({
    type: 'resnet18',
    width: 8,
    shift: 8,
    input: 'rgb',
    window: null,
    aggregator: { type: 'mean' },
  });
  for (const { model, pretrain, joint, head } of [pyramid, gtad]) {
    using built = buildHead(model, 64, 20);
    const [heads, encoders]: ModelPart[] = [
      { specs: built.parameters },
      { specs: encoder.parameters, batchNorm: 'frozen-affine' },
    ];
    for (const [part, options] of [
      [heads, head],
      [heads, joint],
      [encoders, joint],
      [encoders, pretrain],
    ] as const) {
      assert.equal(stateBytes(numbersOf([part!]), options), heldBytes(part!, options), options.optimizer);
    }
  }
});

void test('the end of a step takes the gradients, and what clipping and the optimizer need on the way', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  const specs = Array.from({ length: 100 }, (_, i): ModelPart['specs'][number] => ({
    ...{ name: `w${i}`, kind: 'linear', shape: [100, 10], init: { type: 'constant', value: 1 }, trainable: true },
  }));
  const gradients = 4 * 100 * 1000;
  const [plain, clipped] = [0, 1].map((clipNorm) =>
    updateCost([{ specs }], { optimizer: 'sgd', momentum: 0, ema: 0, clipNorm, weightDecay: 0 }),
  );
  // One parameter is updated at a time, by a change and its new value.
  assert.ok(plain! >= gradients && plain! < gradients + 5 * 4000, String(plain));
  // For the norm, all are squared together.
  assert.ok(clipped! >= 2 * gradients && clipped! < 2 * gradients + 5 * 4000, String(clipped));
});
