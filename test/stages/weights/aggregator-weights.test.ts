import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { encoderSchema } from '../../../src/config/sections/encoder-section.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { Classifier } from '../../../src/models/classifier.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { Parameters } from '../../../src/models/parameters.js';
import { exportParts } from '../../../src/models/parts.js';
import { exportState, type State } from '../../../src/models/state.js';
import { convertWeights } from '../../../src/stages/weights/convert-weights.js';
import { loadEncoderWeights, readEncoderWeights } from '../../../src/stages/weights/encoder-weights.js';
import { toTensors } from '../../../src/stages/training/snapshot.js';
import { checkpoint } from '../../support/checkpoints.js';
import { stateDict, writeWeights } from '../../support/encoder-weights.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();

const folder = temporaryFolder();
const width = 2;
const published = writeWeights(path.join(folder, 'published.safetensors'), stateDict('resnet18', width));

/** The parameters of an encoder, all random. */
function random(keys: object, seed: number): Parameters {
  return new Parameters(buildEncoder(encoderSchema.parse({ width, ...keys })).parameters, randomStream(seed));
}

const [inAggregator, inNetwork] = [true, false].map(
  (is) => (state: State) => new Map([...state].filter(([name]) => name.startsWith('aggregator.') === is)),
) as [(state: State) => State, (state: State) => State];

/** The file of a checkpoint of stage 1: an encoder and a classifier of its features. */
function trained(name: string, parameters: Parameters, channels: number): string {
  using classifier = new Parameters(new Classifier(channels, 3, 0.1).parameters, randomStream(5));
  const store = new RunStore(path.join(folder, name));
  store.save('pretrain', checkpoint(3, { tensors: toTensors(exportParts({ encoder: parameters, classifier })) }));
  return path.join(folder, name, 'store', 'pretrain', '3.safetensors');
}

const aggregators = [
  { type: 'softbow', words: 5, shapes: true, withMean: true },
  { type: 'softbow', words: 16 },
  { type: 'vlad', words: 3 },
  { type: 'fisher', words: 3 },
];

for (const aggregator of aggregators) {
  const what = `${aggregator.type} of ${aggregator.words} words`;

  test(`weights of a network leave the codebook of ${what} as it is`, () => {
    for (const input of ['rgb', 'rgb+dynamic']) {
      using parameters = random({ aggregator, input, ...(input !== 'rgb' && { window: 2 }) }, 1);
      const before = exportState(parameters);
      const tensors = tf.memory().numTensors;
      loadEncoderWeights(parameters, published);
      assert.equal(tf.memory().numTensors, tensors);
      const after = exportState(parameters);
      assert.ok(inAggregator(after).size > 0);
      assert.deepEqual(inAggregator(after), inAggregator(before), input);
      const { state } = readEncoderWeights(published);
      const prefixes = input === 'rgb' ? [''] : ['rgb.', 'dynamic.'];
      assert.equal(inNetwork(after).size, prefixes.length * state.size);
      for (const prefix of prefixes)
        for (const [name, values] of state) assert.deepEqual(after.get(prefix + name), values, prefix + name);
    }
  });

  test(`a checkpoint with ${what} gives its network alone, to any encoder`, () => {
    const { channels } = buildEncoder(encoderSchema.parse({ width, aggregator }));
    using made = random({ aggregator }, 2);
    const file = trained(what, made, channels);
    const { encoder, others } = readEncoderWeights(file);
    assert.deepEqual([encoder.type, encoder.width, encoder.channels, others.size], ['resnet18', width, 16, 0]);
    const to = path.join(folder, `${what}.safetensors`);
    convertWeights(file, to, 'torchvision');
    const network = inNetwork(exportState(made));
    assert.deepEqual(new Set(readEncoderWeights(to).state.keys()), new Set(network.keys()));
    for (const from of [file, to]) {
      for (const other of [{ type: 'mean' }, aggregator]) {
        using parameters = random({ aggregator: other }, 1);
        const own = inAggregator(exportState(parameters));
        loadEncoderWeights(parameters, from);
        assert.deepEqual(inNetwork(exportState(parameters)), network);
        assert.deepEqual(inAggregator(exportState(parameters)), own);
      }
    }
  });
}

test('a classifier of the mean is read from a checkpoint, one of twice the channels is not', () => {
  using parameters = random({}, 2);
  assert.deepEqual(readEncoderWeights(trained('mean', parameters, 16)).others.get('fc.weight')!.shape, [3, 16]);
  // The aggregator has no tensors: only the classifier tells that there was one.
  assert.equal(readEncoderWeights(trained('both', parameters, 32)).others.size, 0);
});
