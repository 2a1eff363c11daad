import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { withKernels } from '../../../src/engine/kernels/choose.js';
import type { Held, Kernels } from '../../../src/engine/kernels/kernels.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { portableKernels } from '../../../src/engine/kernels/portable-kernels.js';
import { adaptivePool } from '../../../src/engine/ops/adaptive-pool.js';
import { randomStream } from '../../../src/engine/random.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters, type Initializer } from '../../../src/models/parameters.js';
import { hiddenUnit } from '../../../src/models/units/hidden-layers.js';
import { assertClose, seeded, seededArray } from '../../support/numeric.js';

await startEngine();

const normal: Initializer = { type: 'normal', deviation: 0.4 };
const unit = hiddenUnit({
  ...{ names: ['six', 'seven'], grid: 2, in: 3, hidden: 16, dropout: 0.5 },
  init: () => ({ weight: normal, bias: normal }),
});
const parameters = new Parameters(unit.parameters, randomStream(1));
const names = ['six.weight', 'six.bias', 'seven.weight', 'seven.bias'];
const maps = seeded<tf.Rank.R5>([2, 3, 5, 4, 3], 'maps');

function passed<T extends Held>(k: Kernels<T>, dropoutSeed?: number) {
  const pass: Pass = { parameters, normalization: 'running', ...(dropoutSeed !== undefined && { dropoutSeed }) };
  const input = k.from(maps);
  const record = unit.record(k, input, pass, true);
  const view = k.view(record.output);
  const output = view.dataSync<'float32'>();
  const d = tf.tensor(seededArray(output.length, 'd'), view.shape);
  const { dx, gradients } = record.backward(k.from(d));
  input.dispose();
  const through = k.toTensor(dx!);
  const found = [through, ...names.map((name) => gradients.get(name)!)].map((x) => x.dataSync<'float32'>());
  const { shape } = view;
  tf.dispose([view, d, through, ...gradients.values()]);
  return { shape, output, found };
}

/** The same on the tape. */
function naive([x, w6, b6, w7, b7]: tf.Tensor[], dropoutSeed?: number) {
  const grid = adaptivePool(tf.reshape<tf.Rank.R4>(x!, [6, 5, 4, 3]), 2);
  const six = tf.relu(
    tf.add<tf.Tensor2D>(tf.matMul(tf.reshape<tf.Rank.R2>(grid, [6, 12]), tf.reshape(w6!, [12, 16])), b6!),
  );
  const kept = dropoutSeed === undefined ? six : tf.dropout(six, 0.5, undefined, dropoutSeed);
  return tf.relu(tf.add(tf.matMul(kept as tf.Tensor2D, tf.reshape<tf.Rank.R2>(w7!, [16, 16])), b7!));
}

for (const seed of [undefined, 5])
  test(`output and gradients are those of the tape, ${seed === undefined ? 'without' : 'with'} dropout`, () => {
    const before = [tf.memory().numTensors, nativeTensorCount()];
    const { shape, output, found } = withKernels('float32', (k) => passed(k, seed));
    const portable = passed(portableKernels, seed);
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
    assert.deepEqual(shape, [2, 3, 1, 1, 16]);
    tf.tidy(() => {
      const inputs = [maps, ...names.map((name) => parameters.variable(name))];
      const y = naive(inputs, seed);
      assertClose(output, y.dataSync(), 1e-5, 'output');
      const d = tf.tensor(seededArray(y.size, 'd'), y.shape);
      const expected = tf.grads((...of: tf.Tensor[]) => naive(of, seed))(inputs, d);
      for (const [i, values] of found.entries()) assertClose(values, expected[i]!.dataSync(), 1e-5, `gradient ${i}`);
    });
    assertClose(portable.output, output, 1e-5, 'portable');
    for (const [i, values] of portable.found.entries()) assertClose(values, found[i]!, 1e-5, `portable ${i}`);
  });

test('dropout is drawn by the seed of the pass', () => {
  const of = (seed?: number) => withKernels('float32', (k) => passed(k, seed)).output;
  assert.deepEqual(of(5), of(5));
  assert.notDeepEqual(of(5), of(6));
  assert.notDeepEqual(of(5), of());
});

test('what is not trained has no gradient', () => {
  using frozen = new Parameters(unit.parameters, randomStream(1));
  frozen.freeze('six.weight');
  frozen.freeze('seven.bias');
  withKernels('float32', (k) => {
    const input = k.from(maps);
    const record = unit.record(k, input, { parameters: frozen, normalization: 'running' }, false);
    const d = tf.ones([2, 3, 1, 1, 16]);
    const { dx, gradients } = record.backward(k.from(d));
    assert.equal(dx, null);
    assert.deepEqual([...gradients.keys()].sort(), ['seven.weight', 'six.bias']);
    tf.dispose([d, ...gradients.values()]);
    input.dispose();
  });
});
