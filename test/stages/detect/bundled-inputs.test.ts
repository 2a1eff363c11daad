import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { probeVideo } from '../../../src/stages/detect/detect-files.js';
import { detectVideo } from '../../../src/stages/detect/detect-video.js';
import { loadBundle, writeModel } from '../../../src/stages/detect/model-bundle.js';
import type { TrainedModel } from '../../../src/stages/detect/trained-model.js';
import { randomModel, smallConfig } from '../../support/random-model.js';
import { temporaryFolder } from '../../support/temporary.js';
import { testVideo } from '../../support/videos.js';

await startEngine();

const folder = temporaryFolder();
const video = testVideo(path.join(folder, 'video.mp4'), { seconds: 8, rate: '10' });

async function detections(model: TrainedModel) {
  const found = [];
  for await (const part of detectVideo(model, await probeVideo('a', video))) found.push(...part.detections);
  return found;
}

/** Changes of the model that no other part of a bundle tells, each with the input channels of its head. */
const models: [what: string, change: object][] = [
  ['encoder.input=dynamic', { encoder: { width: 8, frames: 4, stride: 1, input: 'dynamic' } }],
  ['encoder.input=difference', { encoder: { width: 8, frames: 4, stride: 1, input: 'difference', window: 2 } }],
  ['encoder.input=rgb+dynamic', { encoder: { width: 8, frames: 4, stride: 1, input: 'rgb+dynamic', window: 2 } }],
];

for (const [what, change] of models) {
  test(`a bundle keeps ${what} and finds what the model finds`, async () => {
    const config = smallConfig(change);
    using model = randomModel(8, config);
    const file = path.join(folder, `${what}.lofi`);
    writeModel(file, model, {});
    using loaded = loadBundle(file);
    const { input, window, frames, shift } = config.encoder;
    assert.deepEqual(loaded.config.encoder, { ...loaded.config.encoder, input, window, frames, shift });
    const expected = await detections(model);
    assert.ok(expected.length > 0);
    const before = tf.memory().numTensors;
    assert.deepEqual(await detections(loaded), expected);
    assert.equal(tf.memory().numTensors, before);
  });
}
