import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { withKernels } from '../../../src/engine/kernels/choose.js';
import type { Held, Kernels } from '../../../src/engine/kernels/kernels.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { portableKernels } from '../../../src/engine/kernels/portable-kernels.js';
import { randomStream } from '../../../src/engine/random.js';
import { Parameters, type Initializer } from '../../../src/models/parameters.js';
import { blockGeometry, convBlockUnit, type PooledConv } from '../../../src/models/units/conv-block.js';
import type { Unit } from '../../../src/models/units/unit.js';
import { naiveBlock } from '../../support/naive-classic.js';
import { assertClose, seeded, seededArray } from '../../support/numeric.js';

const { name } = await startEngine();
const native = name === 'tensorflow' ? {} : { skip: 'needs native TensorFlow' };

const normal: Initializer = { type: 'normal', deviation: 0.5 };
const plain: PooledConv = {
  ...{ name: 'c', in: 4, out: 6, kernel: 3, stride: 1, padding: 1, groups: 1 },
  ...{ time: null, lrn: null, pool: null, init: { weight: normal, bias: normal } },
};
const lrn = { size: 5, bias: 2, alpha: 0.3, beta: 0.75, mode: 'paper' } as const;
const overlapping = { size: 3, stride: 2 };

const blocks: [string, PooledConv][] = [
  ['a convolution', plain],
  ['with LRN', { ...plain, lrn }],
  ['with a pool', { ...plain, pool: { size: 2, stride: 2 } }],
  ['with LRN and an overlapping pool', { ...plain, lrn, pool: overlapping }],
  ['in two groups', { ...plain, groups: 2, lrn, pool: overlapping }],
  ['of 5×5 at step 2', { ...plain, kernel: 5, stride: 2, padding: 2, pool: overlapping }],
  ['of 5×5 at step 3 without padding', { ...plain, kernel: 5, stride: 3, padding: 0, groups: 2 }],
];

/** Output, and gradients of input and parameters, of a unit on images or videos x. */
function passed<T extends Held>(k: Kernels<T>, unit: Unit, x: tf.Tensor, parameters: Parameters) {
  const input = k.from(x);
  const record = unit.record(k, input, { parameters, normalization: 'running' }, true);
  const { shape } = record.output;
  const view = k.view(record.output);
  const output = view.dataSync<'float32'>();
  const d = tf.tensor(seededArray(output.length, 'd'), [...shape]);
  const { dx, gradients } = record.backward(k.from(d));
  input.dispose();
  const found = new Map([...gradients].map(([key, gradient]) => [key, gradient.dataSync<'float32'>()]));
  const through = k.toTensor(dx!);
  found.set('x', through.dataSync<'float32'>()).set('output', output);
  tf.dispose([through, view, d, ...gradients.values()]);
  return { shape, found };
}

for (const [what, block] of blocks)
  test(`${what}: output and gradients are those of the tape, and nothing is left behind`, native, () => {
    const unit = convBlockUnit(block);
    using parameters = new Parameters(unit.parameters, randomStream(1, what));
    const x = seeded<tf.Rank.R4>([3, 13, 11, 4], 'x', -2, 2);
    const before = [tf.memory().numTensors, nativeTensorCount()];
    const { shape, found } = withKernels('float32', (k) => passed(k, unit, x, parameters));
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
    tf.tidy(() => {
      const y = naiveBlock(x, block, parameters);
      assert.deepEqual(y.shape, shape);
      assertClose(found.get('output')!, y.dataSync(), 1e-5, 'output');
      const names = ['c.weight', 'c.bias'];
      const d = tf.tensor4d(seededArray(y.size, 'd'), y.shape);
      const expected = tf.grads((x: tf.Tensor) => naiveBlock(x as tf.Tensor4D, block, parameters))(
        [x, ...names.map((name) => parameters.variable(name))],
        d,
      );
      for (const [i, key] of ['x', ...names].entries())
        assertClose(found.get(key)!, expected[i]!.dataSync(), 1e-5, key);
    });
    const portable = passed(portableKernels, unit, x, parameters);
    for (const [key, values] of portable.found) assertClose(found.get(key)!, values, 1e-5, `portable ${key}`);
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
  });

test('convolutions over time see the positions of their windows, and no others', () => {
  const block: PooledConv = { ...plain, time: { extent: 2, stride: 2 }, lrn, pool: overlapping };
  const unit = convBlockUnit(block);
  using parameters = new Parameters(unit.parameters, randomStream(2));
  assert.deepEqual(unit.parameters[0]!.shape, [2, 3, 3, 4, 6]);
  const x = seeded<tf.Rank.R5>([2, 5, 7, 7, 4], 'video', -2, 2);
  const { shape, found } = withKernels('float32', (k) => passed(k, unit, x, parameters));
  assert.deepEqual(shape, [2, 2, 3, 3, 6]);
  // Of five positions the last one is in no window.
  const gradient = tf.tensor(found.get('x')!, x.shape);
  const sums = tf.sum(tf.abs(gradient), [0, 2, 3, 4]).dataSync();
  assert.ok(sums[0]! > 0 && sums[3]! > 0);
  assert.equal(sums[4], 0);
  // The same by a 3-D convolution of each window.
  const weight = parameters.get<tf.Tensor5D>('c.weight');
  const padded = tf.pad(x, [
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  const sum = [0, 1].map((t) => {
    const images = [0, 2].map((start) => tf.squeeze<tf.Tensor4D>(tf.slice(padded, [0, start + t], [2, 1]), [1]));
    const filter = tf.squeeze<tf.Tensor4D>(tf.slice(weight, t, 1), [0]);
    return tf.stack(
      images.map((image) => tf.conv2d(image, filter, 1, 'valid')),
      1,
    );
  });
  const y = tf.relu(tf.add(tf.add(sum[0]!, sum[1]!), parameters.get('c.bias')));
  const normalised = tf.localResponseNormalization(tf.reshape<tf.Rank.R4>(y, [4, 7, 7, 6]), 2, 2, 0.3, 0.75);
  assertClose(found.get('output')!, tf.maxPool(normalised, 3, 2, 'valid').dataSync(), 1e-5);
});

test('gradients through windows that overlap are those of finite differences', () => {
  const unit = convBlockUnit({ ...plain, in: 1, out: 2, kernel: 1, padding: 0, time: { extent: 3, stride: 1 } });
  using parameters = new Parameters(unit.parameters, randomStream(3));
  // Far from where the ReLU bends.
  parameters.assign('c.bias', tf.tensor1d([9, 9]));
  const x = seeded<tf.Rank.R5>([1, 5, 2, 1, 1], 'x');
  const found = (of: tf.Tensor) => withKernels('float32', (k) => passed(k, unit, of, parameters)).found;
  const output = (of: tf.Tensor) => found(of).get('output')!;
  const d = seededArray(output(x).length, 'd');
  const values = x.dataSync<'float32'>();
  const moved = (i: number, by: number) => {
    const changed = Float32Array.from(values);
    changed[i]! += by;
    return output(tf.tensor(changed, x.shape)).reduce((sum, value, j) => sum + value * d[j]!, 0);
  };
  const numeric = Array.from(values, (_, i) => (moved(i, 0.1) - moved(i, -0.1)) / 0.2);
  assertClose(found(x).get('x')!, numeric, 1e-4);
});

test('every size of frames does: a small map is padded to the filter, and a pool is at most the map', () => {
  const first: PooledConv = { ...plain, kernel: 11, stride: 4, padding: 0, pool: overlapping };
  assert.deepEqual(blockGeometry(first, [227, 227]).convolved, [55, 55]);
  assert.deepEqual(blockGeometry(first, [227, 227]).pooled, [27, 27]);
  for (const side of [1, 5, 11, 15, 20]) {
    const { convolved, pooled } = blockGeometry(first, [side, side]);
    assert.ok(convolved[0] >= 1 && pooled[0] >= 1, `${side}`);
  }
  const unit = convBlockUnit(first);
  using parameters = new Parameters(unit.parameters, randomStream(4));
  const { shape } = withKernels('float32', (k) =>
    passed(k, unit, seeded<tf.Rank.R4>([1, 6, 9, 4], 'small'), parameters),
  );
  assert.deepEqual(shape, [1, 1, 1, 6]);
});
