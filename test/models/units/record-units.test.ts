import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { Parameters } from '../../../src/models/parameters.js';
import { freezeBelow, type Transfer } from '../../../src/models/transfer.js';
import { seeded } from '../../support/numeric.js';

await startEngine();

const keys = { shift: 0, input: 'rgb', window: null, aggregator: { type: 'mean' } } as const;

for (const [type, width] of [
  ['resnet18', 4],
  ['mobilenet-v2', 0.25],
  ['r2plus1d-18', 4],
] as const) {
  const encoder = buildEncoder({ ...keys, type, width });

  /** Features and gradients where a policy is in force. */
  const passed = (transfer: Transfer) => {
    using parameters = new Parameters(encoder.parameters, randomStream(3));
    freezeBelow(parameters, transfer);
    const x = seeded<tf.Rank.R6>([1, 2, 2, 32, 32, 3], 'frames', 0, 255);
    const record = encoder.record(x, { parameters, normalization: 'running' });
    const features = record.features.dataSync().slice();
    const d = tf.onesLike(record.features);
    const gradients = record.backward(d);
    record.dispose();
    const values = new Map([...gradients].map(([name, gradient]) => [name, gradient.dataSync().slice()]));
    tf.dispose([d, ...gradients.values()]);
    return { features, values };
  };

  test(`${type}: below the first trained block nothing is recorded; what is trained has the same gradients`, () => {
    const [all, top3, top] = (['all', 'top3', 'top'] as const).map(passed) as [
      ReturnType<typeof passed>,
      ReturnType<typeof passed>,
      ReturnType<typeof passed>,
    ];
    assert.deepEqual(top3.features, all.features);
    assert.deepEqual(top.features, all.features);
    assert.equal(top.values.size, 0);
    assert.ok(top3.values.size > 0 && top3.values.size < all.values.size / 2);
    for (const [name, gradient] of top3.values) assert.deepEqual(gradient, all.values.get(name), name);
  });

  test(`${type}: nothing is left behind, whatever is frozen and whether the way back is gone or not`, () => {
    const counts = () => [tf.memory().numTensors, nativeTensorCount()];
    for (const transfer of ['all', 'top3', 'top'] as const) {
      const before = counts();
      passed(transfer);
      assert.deepEqual(counts(), before, transfer);
      {
        using parameters = new Parameters(encoder.parameters, randomStream(3));
        freezeBelow(parameters, transfer);
        const x = seeded<tf.Rank.R6>([1, 1, 2, 32, 32, 3], 'frames', 0, 255);
        encoder.record(x, { parameters, normalization: 'running' }).dispose();
      }
      assert.deepEqual(counts(), before, `${transfer}, without the way back`);
    }
  });
}
