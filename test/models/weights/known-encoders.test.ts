import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closestEncoder, knownEncoder, type KnownEncoder } from '../../../src/models/weights/known-encoders.js';
import { encoderTypes } from '../../../src/config/encoder-facts.js';
import { torchShape } from '../../../src/models/weights/torch-layout.js';

const shapesOf = ({ parameters }: KnownEncoder) =>
  new Map(parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)]));

/** Widths of the encoders whose width is a multiplier. */
const widths: Partial<Record<KnownEncoder['type'], number[]>> = {
  'mobilenet-v2': [1, 0.35, 0.5, 0.75, 1.4],
  'efficientnet-lite0': [1],
  alexnet: [1, 0.25, 0.35],
  fusion: [1, 0.25, 0.35],
};

test('every encoder is known by its tensors, as published and narrow', () => {
  for (const type of encoderTypes) {
    for (const width of widths[type] ?? [64, 4, 24]) {
      const encoder = knownEncoder(type, width)!;
      const found = closestEncoder(shapesOf(encoder));
      assert.deepEqual([found.type, found.width, found.channels], [type, width, encoder.channels]);
    }
  }
});

test('the variants of a network are told from each other', () => {
  const alexnets = ['full', 'mini', 'torchvision'].flatMap((preset) =>
    [1, 2].flatMap((groups) => ['fc7', 'conv5'].map((feature) => ({ preset, groups, feature }))),
  );
  for (const variant of alexnets) {
    const encoder = knownEncoder('alexnet', 0.3, 'rgb', variant)!;
    const found = closestEncoder(shapesOf(encoder));
    assert.deepEqual([found.type, found.width, found.variant], ['alexnet', 0.3, variant]);
  }
  for (const streams of ['full', 'fovea+context'])
    for (const [kind, frames] of [
      ['early', 5],
      ['slow', 5],
      ['late', 10],
      ['single', 10],
    ] as const) {
      const variant = { kind, preset: 'mini', streams, feature: 'fc7', frames };
      const found = closestEncoder(shapesOf(knownEncoder('fusion', 0.5, 'rgb', variant)!));
      assert.deepEqual([found.type, found.width, found.variant], ['fusion', 0.5, variant]);
    }
});

test('two streams of a network over time have the images of their windows', () => {
  const variant = { kind: 'early', preset: 'mini', streams: 'full', feature: 'fc7', frames: 8, window: 2 };
  const encoder = knownEncoder('fusion', 0.5, 'rgb+dynamic', variant)!;
  const found = closestEncoder(shapesOf(encoder));
  assert.deepEqual([found.input, found.variant], ['rgb+dynamic', variant]);
  assert.deepEqual(shapesOf(found), shapesOf(encoder));
});

test('of a width that nobody publishes, one with the same tensors is found', () => {
  for (const width of [0.1, 0.37, 0.615, 1.005]) {
    const shapes = shapesOf(knownEncoder('mobilenet-v2', width)!);
    const found = closestEncoder(shapes);
    assert.deepEqual([found.type, shapesOf(found)], ['mobilenet-v2', shapes]);
  }
});

test('an encoder with flaws is still the closest to itself', () => {
  for (const type of encoderTypes) {
    const shapes = shapesOf(knownEncoder(type)!);
    const names = [...shapes.keys()];
    for (const name of names.slice(0, 3)) shapes.delete(name);
    shapes.set(names[4]!, [1, 2, 3]);
    shapes.set('layer9.0.conv1.weight', [1]);
    assert.equal(closestEncoder(shapes).type, type);
  }
});

test('nothing that a configuration refuses is known', () => {
  assert.equal(knownEncoder('resnet18', 0.5), null);
  assert.equal(knownEncoder('resnet50', -1), null);
  assert.equal(knownEncoder('mobilenet-v2', 64), null);
  assert.equal(knownEncoder('efficientnet-lite0', 0.35), null);
});

test('a hundred thousand tensors of hostile shapes are told from every encoder', { timeout: 120_000 }, () => {
  const shapes = new Map(Array.from({ length: 1e5 }, (_, i) => [`t${i}`, [2 ** 53 - 1 - i, i]]));
  shapes.set('conv1.weight', [2 ** 53 - 1, 3, 7, 7]);
  assert.ok(!closestEncoder(shapes).parameters.every(({ name }) => shapes.has(name)));
});
