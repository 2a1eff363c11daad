import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readBundle, writeBundle } from '../../../src/checkpoints/bundle-file.js';
import type { TensorData } from '../../../src/checkpoints/formats/tensor.js';
import type { Tree } from '../../../src/config/tree.js';
import { startEngine } from '../../../src/engine/backend.js';
import { exportParts } from '../../../src/models/parts.js';
import { probeVideo } from '../../../src/stages/detect/detect-files.js';
import { detectVideo } from '../../../src/stages/detect/detect-video.js';
import { loadBundle, writeModel } from '../../../src/stages/detect/model-bundle.js';
import type { TrainedModel } from '../../../src/stages/detect/trained-model.js';
import { growth } from '../../support/mutations.js';
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
  ['encoder.aggregator=softbow', { encoder: { ...encoder, aggregator: { type: 'softbow', words: 8, shapes: true } } }],
  ['encoder.aggregator=rank', { encoder: { ...encoder, aggregator: { type: 'rank', direction: 'both' } } }],
  ['segments.aggregator=vlad', { segments: { aggregator: { type: 'vlad', words: 3 } } }],
  ['segments.aggregator=bow', { segments: { aggregator: { type: 'bow', words: 3, withMean: true } } }],
  ['segments.aggregator=fisher', { model: pyramid, segments: { aggregator: { type: 'fisher', words: 3 } } }],
  ['segments.aggregator=rank', { model: pyramid, segments: { aggregator: { type: 'rank' } } }],
  ['segments.classifier=lstm', { segments: { classifier: 'lstm' } }],
  [
    'segments.classifier=lstm of two layers',
    { model: { ...pyramid, lstm: { units: 6, layers: 2 } }, segments: { classifier: 'lstm' } },
  ],
];

for (const [what, change] of models) {
  test(`a bundle keeps ${what} and finds what the model finds`, async () => {
    const config = smallConfig(change);
    using model = randomModel(8, config);
    const file = path.join(folder, `${what}.lofi`);
    writeModel(file, model, {});
    using loaded = loadBundle(file);
    const kept = ({ encoder, model, segments }: TrainedModel['config']) => ({ encoder, model, segments });
    assert.deepEqual(kept(loaded.config), kept(config));
    const parts = ({ encoder, localizer }: TrainedModel) =>
      exportParts({ encoder: encoder.parameters, ...localizer.parts });
    assert.deepEqual(parts(loaded), parts(model));
    const expected = await detections(model);
    assert.ok(expected.length > 0);
    const before = tf.memory().numTensors;
    assert.deepEqual(await detections(loaded), expected);
    assert.equal(tf.memory().numTensors, before);
  });
}

test('an aggregator in a bundle must be one of its tensors', () => {
  const softbow = { ...encoder, aggregator: { type: 'softbow', words: 8 } };
  const vlad = { aggregator: { type: 'vlad', words: 3 } };
  using model = randomModel(8, smallConfig({ encoder: softbow, segments: vlad }));
  const file = path.join(folder, 'whole.lofi');
  writeModel(file, model, {});
  const { description, tensors } = readBundle(file) as {
    description: { config: Record<'encoder' | 'segments', object> };
    tensors: Map<string, TensorData>;
  };
  const other = path.join(folder, 'other.lofi');
  const refused = (change: object, said: RegExp, others = tensors) => {
    writeBundle(other, {
      description: { ...description, config: { ...description.config, ...change } },
      tensors: others,
    });
    const before = tf.memory().numTensors;
    const grown = growth(() => {
      assert.throws(() => loadBundle(other), { name: 'UsageError', message: said });
    });
    assert.ok(grown < 2 ** 27, `${grown} bytes`);
    assert.equal(tf.memory().numTensors, before);
  };
  const unfit = (name: string) => new RegExp(`other\\.lofi does not fit the model: (.*; )?${name} is (missing|\\[)`);
  const inEncoder = (aggregator: object) => ({ encoder: { ...description.config.encoder, aggregator } });
  const inSegments = (aggregator: object | null) => ({ segments: { aggregator } });
  refused(inEncoder({ type: 'softbow', words: 4096 }), unfit('aggregator\\.codebook'));
  refused(inEncoder({ type: 'softbow', words: 8, shapes: true }), unfit('aggregator\\.log_sigma'));
  refused(inEncoder({ type: 'fisher', words: 4096 }), unfit('aggregator\\.means'));
  refused(inEncoder({ type: 'softbow', words: 4097 }), /encoder\.aggregator\.words: /);
  refused(inEncoder({ type: 'bow', words: 8 }), /encoder\.aggregator\.type: expected one of /);
  refused(inEncoder({ type: 'mean' }), unfit('conv\\.weight'));
  refused(inSegments({ type: 'vlad', words: 4096 }), unfit('aggregator\\.codebook'));
  refused(inSegments({ type: 'fisher', words: 3 }), unfit('aggregator\\.weights'));
  // What has no tensors of its own is told by what the classifier sees.
  refused(inSegments({ type: 'rank', nonlinearity: 'ser', direction: 'both' }), unfit('fc\\.weight'));
  refused(inSegments({ type: 'rank', C: 1e300 }), /segments\.aggregator\.C: /);
  refused(inSegments(null), unfit('fc\\.weight'));
  refused({ segments: { classifier: 'lstm' } }, unfit('encoder\\.0\\.input'));
  refused({ segments: { ...vlad, classifier: 'lstm' } }, /segments\.aggregator: an LSTM sees the snippets themselves/);
  refused({}, unfit('aggregator\\.codebook'), without(tensors, 'classifier.aggregator.codebook'));
  refused({}, unfit('aggregator\\.codebook'), without(tensors, 'encoder.aggregator.codebook'));
});

test('a bundle from before there was the section is of a classifier of means', () => {
  using model = randomModel(8);
  const file = path.join(folder, 'before.lofi');
  writeModel(file, model, {});
  const { description, tensors } = readBundle(file) as {
    description: { config: Tree };
    tensors: Map<string, TensorData>;
  };
  const { segments, ...config } = description.config;
  const { aggregator, ...network } = config.encoder as Tree;
  assert.deepEqual([segments, aggregator], [{ classifier: 'vector', aggregator: null }, { type: 'mean' }]);
  writeBundle(file, { description: { ...description, config: { ...config, encoder: network } }, tensors });
  using loaded = loadBundle(file);
  assert.deepEqual([loaded.config.segments, loaded.config.encoder.aggregator], [segments, aggregator]);
});

function without<T>(all: ReadonlyMap<string, T>, name: string): Map<string, T> {
  assert.ok(all.has(name), name);
  return new Map([...all].filter(([key]) => key !== name));
}
