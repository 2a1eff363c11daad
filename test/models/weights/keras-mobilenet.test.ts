import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readTfjsWeights } from '../../../src/checkpoints/formats/tfjs-layers.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import { mobilenetV2 } from '../../../src/models/encoders/mobilenet-v2.js';
import { fromKerasMobilenet } from '../../../src/models/weights/keras-mobilenet.js';
import { Parameters } from '../../../src/models/parameters.js';
import { exportState, importState } from '../../../src/models/state.js';
import { readJson } from '../../../src/system/files/files.js';
import { assertClose, seeded } from '../../support/numeric.js';
import { missing, shared } from '../../support/shared.js';

await startEngine();
/** Keras' own network with seeded weights, and the features that Keras computes (see the README there). */
const fixture = path.resolve(import.meta.dirname, '../../fixtures/keras-mobilenet');
/** The weights for ImageNet. */
const imagenet = shared('data/mobilenet_v2_035/model.json');
const encoder = mobilenetV2({ width: 0.35, shift: 0 });
const narrow = mobilenetV2({ width: 0.1, shift: 0 });

test('weights of Keras’ network fill the encoder: nothing missing, nothing extra', () => {
  assertFills(path.join(fixture, 'model.json'), narrow);
});

test('ImageNet weights fill the encoder: nothing missing, nothing extra', { skip: missing(imagenet) }, () => {
  assertFills(imagenet, encoder);
});

function assertFills(file: string, encoder: Encoder): void {
  const weights = readTfjsWeights(file);
  const state = fromKerasMobilenet(weights, encoder.parameters);
  assert.equal(state.size, weights.size);
  assert.deepEqual([...state.keys()].sort(), encoder.parameters.map(({ name }) => name).sort());
  const parameters = new Parameters(encoder.parameters, randomStream(1));
  importState(parameters, state, file);
  assert.deepEqual(new Map([...exportState(parameters)].sort()), new Map([...state].sort()));
  parameters.dispose();
}

for (const side of [64, 49]) {
  test(`the encoder computes what Keras does: pictures of ${side} pixels`, () => {
    const file = path.join(fixture, 'model.json');
    const expected = readJson(path.join(fixture, 'features.json'), 'features') as Record<string, number[]>;
    const pixels = Float32Array.from({ length: side * side * 3 }, (_, i) => {
      const [y, x, c] = [Math.floor(i / (3 * side)), Math.floor(i / 3) % side, i % 3];
      return (7 * x * y + 37 * y + 91 * x + 53 * c) % 256;
    });
    const parameters = new Parameters(narrow.parameters, randomStream(1));
    importState(parameters, fromKerasMobilenet(readTfjsWeights(file), narrow.parameters), file);
    const input = tf.tensor<tf.Rank.R6>(pixels, [1, 1, 1, side, side, 3]);
    const features = narrow.encode(input, { parameters, normalization: 'running' });
    assertClose(features.dataSync(), expected[side]!, 1e-4);
    tf.dispose([features, input]);
    parameters.dispose();
  });
}

test('the encoder computes what Keras’ model does on ImageNet weights', { skip: missing(imagenet) }, async () => {
  const file = imagenet;
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
  const { readFile } = await import('node:fs/promises');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  const bytes = await readFile(path.join(path.dirname(file), 'weights.bin'));
  const model = await loadLayersModel({
    load: () =>
      Promise.resolve({
        modelTopology: manifest.modelTopology,
        weightSpecs: manifest.weightsManifest.flatMap(({ weights }) => weights),
        weightData: Uint8Array.from(bytes).buffer,
      }),
  });
  const image = seeded<tf.Rank.R4>([1, 224, 224, 3], 'image', 0, 255);
  const map = model.predict(tf.sub(tf.div(image, 127.5), 1)) as tf.Tensor4D;
  const parameters = new Parameters(encoder.parameters, randomStream(1));
  importState(parameters, fromKerasMobilenet(readTfjsWeights(file), encoder.parameters), file);
  const features = encoder.encode(tf.reshape(image, [1, 1, 1, 224, 224, 3]), { parameters, normalization: 'running' });
  assert.deepEqual(map.shape, [1, 7, 7, 1280]);
  assertClose(features.dataSync(), tf.mean(map, [1, 2]).dataSync(), 1e-4);
});

test('weights of another network are refused by name, all of them', () => {
  const names = [
    'block_99_expand/kernel',
    'expanded_conv_expand/kernel',
    'predictions/kernel',
    'Conv_2/kernel',
    'Conv1/constructor',
    'constructor/kernel',
    'Conv1',
    '__proto__/gamma',
  ];
  const weights = new Map(names.map((name) => [name, { shape: [1, 1, 1, 1], data: new Float32Array(1) }]));
  // A weight with a right name and a wrong shape.
  weights.set('Conv_1/kernel', { shape: [1], data: new Float32Array(1) });
  assert.throws(() => fromKerasMobilenet(weights, encoder.parameters, 'model.json'), {
    name: 'UsageError',
    message:
      'model.json is not a MobileNetV2 without classifier; these weights have no place in it: ' +
      `${names.join('; ')}; Conv_1/kernel`,
  });
});
