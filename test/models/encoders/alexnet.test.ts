import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { alexnetSchema, completeAlexnet } from '../../../src/config/sections/classic-keys.js';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { alexnetBlocks } from '../../../src/models/encoders/alexnet.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import type { ParameterSpec } from '../../../src/models/parameters.js';
import { blockGeometry } from '../../../src/models/units/conv-block.js';
import { assertEncoder } from '../../support/classic-encoders.js';

await startEngine();

const build = (alexnet: object, width: number | null = null) =>
  buildEncoder(configSchema.parse({ encoder: { type: 'alexnet', width, alexnet } }).encoder);
const count = (specs: readonly ParameterSpec[]) =>
  specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

test('the published network has 60,965,224 parameters with its classifier of 1000 classes', () => {
  const { parameters, channels } = build({ preset: 'full', groups: 2 });
  assert.equal(channels, 4096);
  assert.equal(count(parameters) + channels * 1000 + 1000, 60_965_224);
  // torchvision's: 61,100,840.
  assert.equal(count(build({ preset: 'torchvision' }).parameters) + 4_097_000, 61_100_840);
  assert.equal(count(build({ preset: 'full', groups: 1, feature: 'conv5' }).parameters), 3_747_200);
});

test('maps of the published network: 227 → 55 → 27 → 13 → 13 → 13 → 6, with overlapping pools and without', () => {
  for (const overlap of [true, false]) {
    const keys = completeAlexnet(alexnetSchema.parse({ overlap }));
    assert.deepEqual(sidesOf(alexnetBlocks(keys), 227), [55, 27, 27, 13, 13, 13, 13, 6]);
  }
  const torchvision = completeAlexnet(alexnetSchema.parse({ preset: 'torchvision' }));
  assert.deepEqual(sidesOf(alexnetBlocks(torchvision), 224), [55, 27, 27, 13, 13, 13, 13, 6]);
  const mini = completeAlexnet(alexnetSchema.parse({ preset: 'mini' }));
  assert.deepEqual(sidesOf(alexnetBlocks(mini), 48), [24, 11, 11, 5, 5, 5, 5, 2]);
});

/** The sides of square maps behind each convolution and each pool. */
function sidesOf(blocks: ReturnType<typeof alexnetBlocks>, side: number): number[] {
  let at = side;
  return blocks.flatMap((block) => {
    const { pool, convolved, pooled } = blockGeometry(block, [at, at]);
    [at] = pooled;
    return pool ? [convolved[0], pooled[0]] : [convolved[0]];
  });
}

for (const [what, keys, width] of [
  ['mini', { preset: 'mini' }, 0.5],
  ['mini in groups, without overlap', { preset: 'mini', groups: 2, overlap: false, lrn: 'perElement' }, 0.5],
  ['mini without fully connected layers', { preset: 'mini', feature: 'conv5', lrn: 'none' }, 0.5],
  ['the full network, narrow', { preset: 'full' }, 1 / 32],
] as const)
  test(`${what}: any size of frames, snippets apart, every parameter trained, nothing left behind`, () => {
    assertEncoder(build(keys, width));
  });

test('a frame network: the feature of a snippet is the mean over its frames', () => {
  const encoder = build({ preset: 'mini' }, 0.25);
  assertEncoder(encoder, ({ features, x }) => {
    const backwards = features(tf.reverse(x, 2));
    const there = features(x);
    there.forEach((value, i) => {
      assert.ok(Math.abs(value - backwards[i]!) <= 1e-5 * Math.max(1, Math.abs(value)));
    });
  });
});
