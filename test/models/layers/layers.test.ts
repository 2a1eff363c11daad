import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import type { BatchStatistics } from '../../../src/engine/ops/normalization/batch-norm.js';
import { randomStream } from '../../../src/engine/random.js';
import { batchNorm } from '../../../src/models/layers/batch-norm-layer.js';
import { conv, depthwise } from '../../../src/models/layers/conv.js';
import { conv1d, linear, pointwise } from '../../../src/models/layers/dense-layers.js';
import { sequence, type Layer, type Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { assertClose } from '../../support/numeric.js';

await startEngine();

/** A pass with a layer's parameters set to `values`. */
function passOf(layer: Pick<Layer, 'parameters'>, values: Record<string, number[]>, rest: Partial<Pass> = {}): Pass {
  const parameters = new Parameters(layer.parameters, randomStream(1));
  for (const { name, shape } of layer.parameters) {
    if (values[name]) parameters.assign(name, tf.tensor(values[name], shape));
  }
  return { parameters, normalization: 'running', ...rest };
}

test('convolutions pad as PyTorch does, or as TensorFlow does', () => {
  const image = (size: number) => tf.ones<tf.Rank.R4>([1, size, size, 1]);
  const nine = new Array<number>(9).fill(1);
  const sums = (padding: 'symmetric' | 'same', size: number) => {
    const layer = conv('c', { in: 1, out: 1, kernel: 3, stride: 2, padding });
    return [...layer.apply(image(size), passOf(layer, { 'c.weight': nine })).dataSync()];
  };
  // The number of the 3x3 ones inside: at stride 2, "same" pads an even size only at its end.
  assert.deepEqual(sums('symmetric', 4), [4, 6, 6, 9]);
  assert.deepEqual(sums('same', 4), [9, 6, 6, 4]);
  assert.deepEqual(sums('symmetric', 3), sums('same', 3));
  const layer = depthwise('d', { channels: 1, kernel: 3, stride: 2, padding: 'same' });
  assert.deepEqual([...layer.apply(image(4), passOf(layer, { 'd.weight': nine })).dataSync()], [9, 6, 6, 4]);
});

test('convolution over time by hand: two groups, zeros beyond the ends', () => {
  const layer = conv1d('c', { in: 2, out: 2, kernel: 3, groups: 2 });
  // [k, in / groups, out]: output 0 = 1·before + 10·now + 100·after of channel 0; output 1 = twice that of channel 1.
  const pass = passOf(layer, { 'c.weight': [1, 2, 10, 20, 100, 200], 'c.bias': [0, 0.5] });
  const y = layer.apply(tf.tensor3d([1, 4, 2, 5, 3, 6], [1, 3, 2]), pass);
  assert.deepEqual([...y.dataSync()], [210, 1080.5, 321, 1308.5, 32, 130.5]);
});

test('pointwise and linear layers by hand', () => {
  const layer = pointwise('p', { in: 2, out: 1 });
  const pass = passOf(layer, { 'p.weight': [1, 10], 'p.bias': [0.5] });
  assert.deepEqual([...layer.apply(tf.tensor3d([1, 2, 3, 4], [2, 1, 2]), pass).dataSync()], [21.5, 43.5]);
  const dense = linear('l', 2, 2);
  const y = dense.apply(tf.tensor3d([1, 2], [1, 1, 2]), passOf(dense, { 'l.weight': [1, 2, 3, 4], 'l.bias': [5, 6] }));
  assert.deepEqual([...y.dataSync()], [12, 16]);
  assert.deepEqual(y.shape, [1, 1, 2]);
});

test('batch normalisation takes the statistics that the pass says', () => {
  const layer = batchNorm('bn', 1, 0);
  const values = { 'bn.weight': [2], 'bn.bias': [1], 'bn.running_mean': [10], 'bn.running_var': [4] };
  const x = tf.tensor4d([1, 3], [2, 1, 1, 1]);
  assertClose(layer.apply(x, passOf(layer, values)).dataSync(), [-8, -6], 1e-6);
  const seen: [string, BatchStatistics][] = [];
  const onStatistics = (name: string, { mean, variance }: BatchStatistics) =>
    void seen.push([name, { mean: tf.keep(mean), variance: tf.keep(variance) }]);
  const y = layer.apply(x, passOf(layer, values, { normalization: 'batch', onStatistics }));
  assertClose(y.dataSync(), [-1, 3], 1e-5);
  const [[name, { mean, variance }]] = seen as [[string, BatchStatistics]];
  assert.deepEqual([name, mean.dataSync()[0], variance.dataSync()[0]], ['bn', 2, 2]);
});

test('a sequence applies its layers in order and has the parameters of all', () => {
  const both = sequence(conv('a', { in: 1, out: 1, kernel: 1 }), batchNorm('b', 1));
  assert.deepEqual(
    both.parameters.map(({ name }) => name),
    ['a.weight', 'b.weight', 'b.bias', 'b.running_mean', 'b.running_var'],
  );
  const pass = passOf(both, { 'a.weight': [3], 'b.bias': [1] });
  assertClose(both.apply(tf.ones([1, 1, 1, 1]), pass).dataSync(), [4], 1e-4);
});
