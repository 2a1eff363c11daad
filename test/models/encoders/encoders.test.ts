import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import { efficientnetLite0 } from '../../../src/models/encoders/efficientnet-lite.js';
import { mobilenetV2 } from '../../../src/models/encoders/mobilenet-v2.js';
import { r2plus1d18 } from '../../../src/models/encoders/r2plus1d.js';
import { resnet18, resnet34, resnet50 } from '../../../src/models/encoders/resnet.js';
import type { Pass } from '../../../src/models/layers/layer.js';

import { Parameters } from '../../../src/models/parameters.js';
import { assertClose, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const encoders: [string, (shift: number) => Encoder][] = [
  ['resnet18', (shift) => resnet18({ width: 8, shift })],
  ['resnet34', (shift) => resnet34({ width: 8, shift })],
  ['resnet50', (shift) => resnet50({ width: 4, shift })],
  ['r2plus1d-18', () => r2plus1d18({ width: 8 })],
  ['mobilenet-v2', (shift) => mobilenetV2({ width: 0.35, shift })],
  ['efficientnet-lite0', (shift) => efficientnetLite0({ shift })],
];
const frames = 3;
/** Two videos of two snippets of three frames. */
const input = () => seeded<tf.Rank.R6>([2, 2, frames, 32, 32, 3], 'frames', 0, 255);

for (const [name, build] of encoders) {
  describe(name, () => {
    const encoder = build(4);
    const parameters = new Parameters(encoder.parameters, randomStream(1));
    const running: Pass = { parameters, normalization: 'running' };
    const features = (x: tf.Tensor, of = encoder) => tf.tidy(() => of.encode(x, running));

    it('gives a feature vector a snippet, whatever the size of the frames', () => {
      assert.deepEqual(features(input()).shape, [2, 2, encoder.channels]);
      const odd = features(seeded<tf.Rank.R6>([1, 3, frames, 45, 37, 3], 'odd', 0, 255));
      assert.deepEqual(odd.shape, [1, 3, encoder.channels]);
      assert.ok(odd.dataSync().every(Number.isFinite));
    });

    it('keeps snippets apart: the frames of one change that one alone', () => {
      const x = input();
      // The input whose first video has its second snippet also as its first.
      const changed = tf.tidy(() => {
        const [one, two] = tf.split(x, 2) as [tf.Tensor, tf.Tensor];
        const first = tf.slice(one, [0, 0], [1, 1]);
        return tf.concat([tf.concat([first, tf.reverse(first, 3)], 1), two], 0);
      });
      const [before, after] = [x, changed].map((y) =>
        tf.unstack(tf.reshape(features(y), [4, -1])).map((t) => t.dataSync()),
      );
      for (const snippet of [0, 2, 3]) assertClose(after![snippet]!, before![snippet]!, 1e-6, `snippet ${snippet}`);
      assert.ok(after![1]!.some((value, i) => Math.abs(value - before![1]![i]!) > 1e-3));
    });

    it('sees the order of frames, a frame network by the shift alone', () => {
      const x = input();
      const backwards = tf.reverse(x, 2);
      if (name !== 'r2plus1d-18') {
        const still = build(0);
        assertClose(features(backwards, still).dataSync(), features(x, still).dataSync(), 1e-5);
      }
      const [there, back] = [features(x).dataSync(), features(backwards).dataSync()];
      assert.ok(there.some((value, i) => Math.abs(value - back[i]!) > 1e-3));
    });

    it('trains every parameter, hands out the statistics of every normalisation, leaves nothing behind', () => {
      const x = seeded<tf.Rank.R6>([1, 1, 8, 64, 64, 3], 'eight frames', 0, 255);
      const encoder = build(4);
      const seen: string[] = [];
      const names = parameters.trainable();
      const step = () => {
        const pass: Pass = { parameters, normalization: 'batch', onStatistics: (layer) => seen.push(layer) };
        const record = encoder.record(tf.clone(x), pass);
        const dFeatures = tf.mul<tf.Tensor3D>(record.features, 2);
        const gradients = record.backward(dFeatures);
        record.dispose();
        dFeatures.dispose();
        return names.map((name) => gradients.get(name)!);
      };
      const gradients = step();
      gradients.forEach((gradient, i) => {
        assert.deepEqual(gradient.shape, parameters.get(names[i]!).shape);
        assert.ok(
          gradient.dataSync().some((value) => value !== 0),
          names[i],
        );
      });
      const layers = parameters.specs
        .filter((spec) => spec.name.endsWith('.running_mean'))
        .map((spec) => spec.name.replace('.running_mean', ''));
      assert.deepEqual(seen.sort(), layers.sort(), 'statistics of each, once');
      tf.dispose(gradients);
      assertLeavesNothing(step);
    });
  });
}

for (const [name, encoder, mean] of [
  ['resnet18', resnet18({ width: 8, shift: 0 }), [0.485, 0.456, 0.406]],
  ['r2plus1d-18', r2plus1d18({ width: 8 }), [0.43216, 0.394666, 0.37645]],
] as const) {
  describe(name, () => {
    it('takes RGB as torchvision does: the mean of its training set is zero to it', () => {
      const parameters = new Parameters(encoder.parameters, randomStream(1));
      const grey = tf.mul(tf.ones([1, 1, 1, 8, 8, 3]), tf.mul(tf.tensor1d([...mean]), 255));
      const features = encoder.encode(grey, { parameters, normalization: 'running' });
      assert.ok(features.dataSync().every((value) => Math.abs(value) < 1e-4));
    });
  });
}
