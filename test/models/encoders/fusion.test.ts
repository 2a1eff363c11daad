import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { fusionKinds, fusionSchema, fusionStreams } from '../../../src/config/sections/classic-keys.js';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import { fusionBlocks, fusionPresets } from '../../../src/models/encoders/fusion.js';
import { Parameters, type ParameterSpec } from '../../../src/models/parameters.js';
import { blockGeometry } from '../../../src/models/units/conv-block.js';
import { assertEncoder } from '../../support/classic-encoders.js';
import { assertClose, seeded } from '../../support/numeric.js';

await startEngine();

const build = (fusion: object, frames = 10, width: number | null = null, others: object = {}) =>
  buildEncoder(configSchema.parse({ encoder: { type: 'fusion', frames, width, fusion, ...others } }).encoder);
const mini = (fusion: object, frames = 4) => build({ preset: 'mini', ...fusion }, frames, 0.5);
const count = (specs: readonly ParameterSpec[]) =>
  specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

test('the published networks have the published numbers of parameters, with a classifier of 487 classes', () => {
  for (const [keys, millions] of [
    [{ kind: 'single' }, 73.9],
    [{ kind: 'early' }, 74.2],
    [{ kind: 'slow' }, 75.5],
    [{ kind: 'late' }, 125.3],
    [{ kind: 'single', streams: 'fovea+context' }, 129.0],
  ] as const) {
    const { parameters, channels } = build(keys);
    assert.equal(channels, 4096);
    const all = count(parameters) + channels * 487 + 487;
    assert.equal(Math.round(all / 1e5) / 10, millions, JSON.stringify(keys));
  }
});

/** Maps behind each convolution and pool: [side, channels], with positions in time as a third where there are any. */
function shapesOf(keys: object, side: number, frames = 10): number[][] {
  const own = fusionSchema.parse(keys);
  const network = fusionPresets[own.preset];
  let at = own.streams === 'full' ? side : Math.floor(side / 2);
  let positions = frames;
  return fusionBlocks(own, frames, network).flatMap((block) => {
    const { pool, convolved, pooled } = blockGeometry(block, [at, at]);
    if (block.time) positions = Math.floor((positions - block.time.extent) / block.time.stride) + 1;
    [at] = pooled;
    const maps = [convolved[0], ...(pool ? [pooled[0]] : [])];
    return maps.map((map) => [map, block.out, positions]);
  });
}

test('maps of every kind at 170 pixels: 57, 28, 28, 14, 14, 14, 14, 7', () => {
  const sides = [57, 28, 28, 14, 14, 14, 14, 7];
  const channels = [96, 96, 256, 256, 384, 384, 256, 256];
  for (const [kind, positions] of [
    ['single', [10, 10, 10, 10, 10, 10, 10, 10]],
    ['early', [1, 1, 1, 1, 1, 1, 1, 1]],
    ['slow', [4, 4, 2, 2, 1, 1, 1, 1]],
    ['late', [10, 10, 10, 10, 10, 10, 10, 10]],
  ] as const)
    assert.deepEqual(
      shapesOf({ kind }, 170),
      sides.map((side, i) => [side, channels[i], positions[i]]),
      kind,
    );
});

test('maps of the streams at 178 pixels: 30, 15, 15, 7, 7, 7, 7 without the last pool', () => {
  for (const streams of ['fovea', 'context', 'fovea+context'])
    assert.deepEqual(
      shapesOf({ kind: 'single', streams }, 178).map(([side]) => side),
      [30, 15, 15, 7, 7, 7, 7],
    );
  assert.deepEqual(
    shapesOf({ kind: 'single', preset: 'mini' }, 48).map(([side]) => side),
    [24, 12, 12, 6, 6, 6, 6, 3],
  );
  assert.equal(shapesOf({ kind: 'single', preset: 'mini', streams: 'context' }, 48).at(-1)![0], 3);
});

for (const kind of fusionKinds)
  for (const streams of fusionStreams)
    if (streams === 'full' || streams === 'fovea+context' || kind === 'slow')
      test(`${kind} of ${streams}: any size, snippets apart, every parameter trained, nothing left behind`, () => {
        assertEncoder(mini({ kind, streams }));
      });

test('without fully connected layers', () => {
  for (const kind of fusionKinds) assertEncoder(mini({ kind, feature: 'conv5', lrn: 'none' }));
  assert.equal(mini({ kind: 'late', streams: 'fovea+context', feature: 'conv5' }).channels, 4 * 16);
});

test('early fusion of one frame is the single-frame network, to the bit', () => {
  const [early, single] = [mini({ kind: 'early' }, 1), mini({ kind: 'single' }, 1)];
  assert.deepEqual(early.parameters, single.parameters);
  const x = seeded<tf.Rank.R6>([1, 3, 1, 48, 48, 3], 'x', 0, 255);
  assert.deepEqual(featuresOf(early, x), featuresOf(single, x));
  assert.deepEqual(mini({ kind: 'slow' }, 1).parameters, single.parameters);
});

/** Features with seeded parameters, which `change` may change. */
function featuresOf(encoder: Encoder, x: tf.Tensor, change: (parameters: Parameters) => void = () => undefined) {
  using parameters = new Parameters(encoder.parameters, randomStream(1));
  change(parameters);
  const features = encoder.encode(x, { parameters, normalization: 'running' });
  const values = features.dataSync<'float32'>();
  features.dispose();
  return values;
}

test('slow fusion of a still clip is the single-frame network with its filters summed over time', () => {
  const frames = 10;
  const [slow, single] = [mini({ kind: 'slow' }, frames), mini({ kind: 'single' }, frames)];
  const image = seeded<tf.Rank.R6>([1, 2, 1, 48, 48, 3], 'still', 0, 255);
  const still = tf.tile(image, [1, 1, frames, 1, 1, 1]);
  using given = new Parameters(slow.parameters, randomStream(2));
  // Averaged over time, each filter's positions are the same; the sum of them is the filter of an image.
  const averaged = (parameters: Parameters) => {
    for (const { name, kind } of slow.parameters) {
      const own = given.get(name);
      const value =
        kind === 'conv3d' ? tf.tidy(() => tf.tile(tf.mean(own, 0, true), [own.shape[0], 1, 1, 1, 1])) : tf.clone(own);
      parameters.assign(name, value);
    }
  };
  const summed = (parameters: Parameters) => {
    for (const { name, kind } of slow.parameters) {
      const own = given.get(name);
      parameters.assign(name, kind === 'conv3d' ? tf.sum(own, 0) : tf.clone(own));
    }
  };
  assertClose(featuresOf(slow, still, averaged), featuresOf(single, still, summed), 1e-5);
  assert.ok(slow.parameters.filter(({ kind }) => kind === 'conv3d').length === 3);
});

test('the towers of late fusion share their weights: the gradient is the sum of those of either frame', () => {
  // With maps as features, the two halves of the channels are the two frames.
  const encoder = mini({ kind: 'late', feature: 'conv5' });
  using parameters = new Parameters(encoder.parameters, randomStream(3));
  const x = seeded<tf.Rank.R6>([1, 2, 4, 32, 32, 3], 'x', 0, 255);
  const gradientsOf = (halves: readonly number[]) => {
    const record = encoder.record(tf.clone(x), { parameters, normalization: 'running' });
    const d = tf.tidy(() => {
      const mask = tf.tensor1d(
        Array.from({ length: encoder.channels }, (_, i) => halves[i < encoder.channels / 2 ? 0 : 1]!),
      );
      return tf.mul<tf.Tensor3D>(tf.onesLike(record.features), mask);
    });
    const gradients = record.backward(d);
    record.dispose();
    return gradients;
  };
  const [both, first, last] = [gradientsOf([1, 1]), gradientsOf([1, 0]), gradientsOf([0, 1])];
  for (const [name, gradient] of both) {
    const sum = tf.add(first.get(name)!, last.get(name)!);
    assertClose(gradient.dataSync(), sum.dataSync(), 1e-5, name);
    assert.ok(
      first
        .get(name)!
        .dataSync()
        .some((value, i) => value !== last.get(name)!.dataSync()[i]),
    );
  }
});

test('late fusion sees the first and the last frame; early and slow fusion see the order of all', () => {
  const x = seeded<tf.Rank.R6>([1, 1, 4, 32, 32, 3], 'x', 0, 255);
  const middle = tf.gather(x, tf.tensor1d([0, 2, 1, 3], 'int32'), 2);
  const moved = (kind: string, of: tf.Tensor) => {
    const encoder = mini({ kind, feature: 'conv5' });
    const [a, b] = [featuresOf(encoder, x), featuresOf(encoder, of)];
    return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) > 1e-3;
  };
  assert.deepEqual(
    ['single', 'late', 'early', 'slow'].map((kind) => moved(kind, middle)),
    [false, false, true, true],
  );
  assert.deepEqual([moved('single', tf.reverse(x, 2)), moved('late', tf.reverse(x, 2))], [false, true]);
});

test('a snippet of another length is read as if it had the frames of the network', () => {
  const x = seeded<tf.Rank.R6>([1, 2, 2, 32, 32, 3], 'x', 0, 255);
  const twice = tf.gather(x, tf.tensor1d([0, 0, 1, 1], 'int32'), 2);
  for (const kind of ['early', 'slow']) {
    const encoder = mini({ kind }, 4);
    assertClose(featuresOf(encoder, x), featuresOf(encoder, twice), 1e-6, kind);
  }
});

test('each stream has its own convolutions and sees its own part of the frames', () => {
  const encoder = mini({ kind: 'single', streams: 'fovea+context', feature: 'conv5' });
  const names = encoder.parameters.map(({ name }) => name);
  assert.ok(names.includes('fovea.features.0.weight') && names.includes('context.features.10.bias'));
  const x = seeded<tf.Rank.R6>([1, 1, 1, 48, 48, 3], 'x', 0, 255);
  // A border of 12 pixels is not in the fovea.
  const inner = tf.slice(x, [0, 0, 0, 12, 12, 0], [1, 1, 1, 24, 24, 3]);
  const framed = tf.pad(inner, [...Array<[number, number]>(3).fill([0, 0]), [12, 12], [12, 12], [0, 0]], 255);
  const half = encoder.channels / 2;
  const [before, after] = [featuresOf(encoder, x), featuresOf(encoder, framed)];
  assert.deepEqual(after.subarray(0, half), before.subarray(0, half));
  assert.notDeepEqual(after.subarray(half), before.subarray(half));
});

test('images of windows are its frames', () => {
  const encoder = build({ preset: 'mini', kind: 'early' }, 8, 0.5, { input: 'dynamic', window: 2 });
  assert.deepEqual(encoder.parameters[0]!.shape, [4, 5, 5, 3, 6]);
  assert.equal(featuresOf(encoder, seeded<tf.Rank.R6>([1, 1, 8, 24, 24, 3], 'x', 0, 255)).length, encoder.channels);
});
