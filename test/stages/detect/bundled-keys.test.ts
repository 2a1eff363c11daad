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

const encoder = { width: 8, frames: 4, stride: 1 };
const pyramid = { type: 'pyramid', width: 16, heads: 2, levels: 3, attention: 5 };

/** Changes that decide what encoder or head see. */
const models: [what: string, change: object][] = [
  ['encoder.input=dynamic', { encoder: { ...encoder, input: 'dynamic' } }],
  ['encoder.input=difference', { encoder: { ...encoder, input: 'difference', window: 2 } }],
  ['encoder.input=rgb+dynamic', { encoder: { ...encoder, input: 'rgb+dynamic', window: 2 } }],
  ['model.arp=4', { model: { ...pyramid, arp: 4 } }],
];

for (const [what, change] of models) {
  test(`a bundle keeps ${what} and finds what the model finds`, async () => {
    const config = smallConfig(change);
    using model = randomModel(8, config);
    const file = path.join(folder, `${what}.lofi`);
    writeModel(file, model, {});
    using loaded = loadBundle(file);
    assert.deepEqual([loaded.config.encoder, loaded.config.model], [config.encoder, config.model]);
    const expected = await detections(model);
    assert.ok(expected.length > 0);
    const before = tf.memory().numTensors;
    assert.deepEqual(await detections(loaded), expected);
    assert.equal(tf.memory().numTensors, before);
  });
}
