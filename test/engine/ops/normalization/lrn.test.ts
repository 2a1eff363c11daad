import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { lrn, lrnConstants, portableLrn, type LrnOptions } from '../../../../src/engine/ops/normalization/lrn.js';
import golden from '../../../fixtures/lrn.json' with { type: 'json' };
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

/** Constants under which the sum matters. */
const strong: LrnOptions = { size: 5, bias: 2, alpha: 0.1, beta: 0.75, mode: 'paper' };

const { x, y, g, dx, radius, ...constants } = golden.lrn;
const goldenOptions: LrnOptions = { ...constants, size: 2 * radius + 1, mode: 'paper' };

test('golden values: output and gradient, by the engine and by the portable twin', () => {
  const input = tf.tensor4d(x, [1, 1, 1, x.length]);
  const d = tf.tensor4d(g, input.shape);
  assertClose(lrn(input, goldenOptions).dataSync(), y, 1e-6, 'output');
  const gradient = tf.grad((a) => lrn(a, goldenOptions))(input, d);
  assertClose(gradient.dataSync(), dx, 1e-6, 'gradient');
  const plain = lrnConstants(goldenOptions);
  const portable = portableLrn.forward(input, plain);
  assertClose(portable.dataSync(), y, 1e-6, 'portable output');
  assertClose(portableLrn.gradient(d, input, portable, plain).dataSync(), dx, 1e-6, 'portable gradient');
});

test('by hand: of three channels with n = 3 the outer ones have one neighbour', () => {
  const options: LrnOptions = { size: 3, bias: 1, alpha: 0.5, beta: 1, mode: 'paper' };
  const found = lrn(tf.tensor1d([1, 2, 3]), options);
  assert.deepEqual(found.shape, [3]);
  assertClose(found.dataSync(), [1 / 3.5, 2 / 8, 3 / 7.5], 1e-6);
});

test('perElement divides alpha by the channels of the sum', () => {
  const input = seeded<tf.Rank.R4>([2, 3, 2, 9], 'x', -3, 3);
  const divided = lrn(input, { ...strong, alpha: 0.5, mode: 'perElement' });
  assertClose(divided.dataSync(), lrn(input, strong).dataSync(), 1e-6);
  assert.ok(Math.abs(divided.dataSync()[0]! - lrn(input, { ...strong, alpha: 0.5 }).dataSync()[0]!) > 1e-3);
});

test('the gradient is that of finite differences, in both modes and with fewer channels than n', () => {
  for (const mode of ['paper', 'perElement'] as const)
    for (const channels of [3, 8]) {
      const input = seeded<tf.Rank.R4>([2, 2, 1, channels], `gradient ${channels}`, -3, 3);
      assertGradients((a) => lrn(a, { ...strong, alpha: 0.4, mode }), [input]);
      assertGradients((a) => lrn(a, { ...strong, beta: 0.5, mode }), [input]);
    }
});

test('engine and portable twin agree on many images', () => {
  const input = seeded<tf.Rank.R4>([3, 7, 5, 48], 'images', -4, 4);
  const d = seeded<tf.Rank.R4>([3, 7, 5, 48], 'd');
  const plain = lrnConstants(strong);
  const there = portableLrn.forward(input, plain);
  assertClose(lrn(input, strong).dataSync(), there.dataSync(), 1e-6);
  const gradient = tf.grad((a) => lrn(a, strong))(input, d);
  assertClose(gradient.dataSync(), portableLrn.gradient(d, input, there, plain).dataSync(), 1e-5);
});

test('LRN leaves no tensors behind', () => {
  const input = seeded<tf.Rank.R4>([1, 2, 2, 6], 'x');
  assertLeavesNothing(() => lrn(input, strong));
  assertLeavesNothing(() => tf.grad((a) => lrn(a, strong))(input));
  assertLeavesNothing(() => portableLrn.gradient(input, input, input, lrnConstants(strong)));
});
