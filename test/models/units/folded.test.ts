import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { withKernels } from '../../../src/engine/kernels/choose.js';
import type { Held, Kernels } from '../../../src/engine/kernels/kernels.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { portableKernels } from '../../../src/engine/kernels/portable-kernels.js';
import { relu6 } from '../../../src/engine/ops/activation.js';
import { randomStream } from '../../../src/engine/random.js';
import { batchNorm } from '../../../src/models/layers/batch-norm-layer.js';
import { conv, depthwise } from '../../../src/models/layers/conv.js';
import { sequence, type Layer, type Pass } from '../../../src/models/layers/layer.js';
import { residual } from '../../../src/models/layers/residual-layer.js';
import { shifted } from '../../../src/models/layers/shift.js';
import { Parameters } from '../../../src/models/parameters.js';
import { foldedUnit, type ConvBlock } from '../../../src/models/units/folded.js';
import { tapedUnit } from '../../../src/models/units/taped.js';
import type { Unit } from '../../../src/models/units/unit.js';
import { assertClose, assertLeavesNothing, seeded, seededArray } from '../../support/numeric.js';

await startEngine();

const epsilon = 1e-3;
const common = { epsilon, padding: 'same' } as const;
const expand: ConvBlock = {
  ...common,
  ...{ name: 'a', normalization: 'an', in: 6, out: 12, kernel: 1, depthwise: false, relu6: true },
};
const spread = (stride: number): ConvBlock => ({
  ...common,
  ...{ name: 'b', normalization: 'bn', in: 12, out: 12, kernel: 3, stride, depthwise: true, relu6: true },
});
const project = (out: number): ConvBlock => ({
  ...common,
  ...{ name: 'c', normalization: 'cn', in: 12, out, kernel: 1, depthwise: false, relu6: false },
});
const activation: Layer = { parameters: [], apply: relu6 };
const layers = (stride: number, out: number) =>
  sequence(
    conv('a', expand),
    batchNorm('an', 12, epsilon),
    activation,
    depthwise('b', { channels: 12, kernel: 3, stride, padding: 'same' }),
    batchNorm('bn', 12, epsilon),
    activation,
    conv('c', project(out)),
    batchNorm('cn', out, epsilon),
  );

/** The block of MobileNetV2 in its forms, each written out layer by layer and as the unit under test. */
const forms: [string, Layer, Unit][] = [
  [
    'beside its input, frames shifted',
    residual(sequence(shifted(4), layers(1, 6)), sequence()),
    foldedUnit({ blocks: [expand, spread(1), project(6)], identity: true, shift: 4 }),
  ],
  ['at stride 2', layers(2, 8), foldedUnit({ blocks: [expand, spread(2), project(8)], identity: false, shift: 0 })],
];

/** Random weights, and statistics as after training: not 0 and 1. */
function parametersOf(unit: Unit): Parameters {
  const parameters = new Parameters(unit.parameters, randomStream(0, 'folded'));
  for (const { name, kind, shape } of unit.parameters) {
    if (kind !== 'vector') continue;
    const low = name.endsWith('running_var') || name.endsWith('.weight') ? 0.5 : -1;
    parameters.assign(name, tf.tensor(seededArray(shape[0]!, name, low, 1.5), shape));
  }
  return parameters;
}

/** Output, gradient of the input, and gradients of parameters by name. */
function passOf<T extends Held>(k: Kernels<T>, unit: Unit, x: tf.Tensor, pass: Pass, inputGradient = true) {
  const images = k.from(x);
  const record = unit.record(k, images, pass, inputGradient);
  const output = k.view(record.output);
  const dy = tf.tensor(seededArray(output.size, 'dy'), output.shape);
  const { dx, gradients } = record.backward(k.from(dy));
  images.dispose();
  dy.dispose();
  return { output, dx: dx && k.toTensor(dx), gradients };
}

for (const [name, layer, unit] of forms) {
  const parameters = parametersOf(unit);
  const pass: Pass = { parameters, normalization: 'running', frames: 3 };
  const input = () => seeded<tf.Rank.R4>([6, 9, 7, 6], 'images', -2, 2);

  test(`${name}: the folded block and its gradients are those of its layers, on every engine`, () => {
    const x = input();
    const expected = withKernels('float32', (k) => passOf(k, tapedUnit(layer), x, pass));
    const found = [withKernels('float32', (k) => passOf(k, unit, x, pass)), passOf(portableKernels, unit, x, pass)];
    for (const { output, dx, gradients } of found) {
      assertClose(output.dataSync(), expected.output.dataSync(), 1e-5, 'output');
      assertClose(dx!.dataSync(), expected.dx!.dataSync(), 1e-5, 'input');
      assert.deepEqual([...gradients.keys()].sort(), [...expected.gradients.keys()].sort());
      for (const [of, gradient] of expected.gradients)
        assertClose(gradients.get(of)!.dataSync(), gradient.dataSync(), 1e-4, of);
    }
  });

  test(`${name}: what is frozen, or nobody asks for, has no gradient, and nothing is left behind`, () => {
    const frozen = parametersOf(unit);
    for (const of of ['a.weight', 'an.weight', 'an.bias', 'bn.weight']) frozen.freeze(of);
    const before = nativeTensorCount();
    assertLeavesNothing(() => {
      const x = input();
      const { output, dx, gradients } = withKernels('float32', (k) =>
        passOf(k, unit, x, { ...pass, parameters: frozen }, false),
      );
      assert.equal(dx, null);
      assert.deepEqual([...gradients.keys()].sort(), ['b.weight', 'bn.bias', 'c.weight', 'cn.bias', 'cn.weight']);
      tf.dispose([x, output, ...gradients.values()]);
      withKernels('float32', <T extends Held>(k: Kernels<T>) => {
        const [forwards, unused] = [1, 2].map(() => {
          const y = input();
          const images = k.from(y);
          y.dispose();
          return images;
        }) as [T, T];
        unit.record(k, forwards, pass, false).release().dispose();
        unit.record(k, unused, pass, false).dispose();
        for (const each of [forwards, unused]) each.dispose();
      });
      return [];
    });
    assert.equal(nativeTensorCount(), before);
    frozen.dispose();
  });

  test(`${name}: by the batch's statistics it hands them out`, () => {
    const seen: string[] = [];
    const x = input();
    const ofBatch: Pass = {
      ...{ parameters, normalization: 'batch', frames: 3 },
      onStatistics: (of) => seen.push(of),
    };
    withKernels('float32', (k) => passOf(k, unit, x, ofBatch));
    assert.deepEqual(seen, ['an', 'bn', 'cn']);
  });
}
