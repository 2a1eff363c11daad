import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { aggregatorSchema } from '../../../src/config/sections/aggregator-section.js';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../src/engine/random.js';
import { arpAggregator } from '../../../src/models/aggregators/arp.js';
import { buildAggregator } from '../../../src/models/aggregators/aggregator-catalogue.js';
import { meanAggregator } from '../../../src/models/aggregators/mean.js';
import { aggregated } from '../../../src/models/encoders/aggregated.js';
import { chunked } from '../../../src/models/encoders/chunked.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import { r2plus1d18 } from '../../../src/models/encoders/r2plus1d.js';
import { resnet18 } from '../../../src/models/encoders/resnet.js';
import { Parameters } from '../../../src/models/parameters.js';
import { assertClose, seeded, seededArray } from '../../support/numeric.js';

await startEngine();
const counts = () => [tf.memory().numTensors, nativeTensorCount()];
const frames = (snippets: number, each = 4) => seeded<tf.Rank.R6>([1, snippets, each, 32, 32, 3], 'frames', 0, 255);

/** Features of three snippets, and gradients given that of the features. */
function pass(encoder: Encoder, parameters: Parameters) {
  const record = encoder.record(frames(3), { parameters, normalization: 'running' });
  const features = record.features.dataSync<'float32'>();
  const dFeatures = seeded<tf.Rank.R3>([1, 3, encoder.channels], 'gradient');
  const found = record.backward(dFeatures);
  const gradients = new Map([...found].map(([name, g]) => [name, g.dataSync<'float32'>()]));
  tf.dispose([dFeatures, ...found.values()]);
  record.dispose();
  return { features, gradients };
}

test('the mean as an aggregator is the mean that the network takes itself, there and back', () => {
  const network = resnet18({ width: 8, shift: 4 });
  const before = counts();
  {
    using parameters = new Parameters(network.parameters, randomStream(1));
    const [own, found] = [network, aggregated(network, meanAggregator(64))].map((one) => pass(one, parameters));
    assertClose(found!.features, own!.features, 1e-6);
    for (const [name, gradient] of own!.gradients) assertClose(found!.gradients.get(name)!, gradient, 1e-4, name);
  }
  assert.deepEqual(counts(), before);
});

test('features of single frames are aggregated snippet by snippet', () => {
  const network = resnet18({ width: 8, shift: 0 });
  using parameters = new Parameters(network.parameters, randomStream(1));
  const encoder = aggregated(network, arpAggregator(64, 'plain'));
  const [x, single] = [frames(2), tf.reshape(frames(2), [1, 8, 1, 32, 32, 3])];
  const features = encoder.encode(x, { parameters, normalization: 'running' }).dataSync<'float32'>();
  const each = network.encode(single, { parameters, normalization: 'running' }).dataSync<'float32'>();
  const expected = [0, 1].flatMap((snippet) =>
    Array.from({ length: 64 }, (_, c) =>
      [-3, -1, 1, 3].reduce((sum, weight, t) => sum + (weight / 4) * each[(4 * snippet + t) * 64 + c]!, 0),
    ),
  );
  assertClose(features, expected, 1e-4);
});

test('a network that sees snippets as a whole gives a feature of each frame of its maps', () => {
  const network = r2plus1d18({ width: 8 });
  using parameters = new Parameters(network.parameters, randomStream(1));
  // Sixteen frames are halved three times.
  const x = frames(2, 16);
  const features = network.encode(x, { parameters, normalization: 'running', eachFrame: true });
  assert.deepEqual(features.shape, [1, 4, 64]);
});

test('a trained codebook has gradients, a frozen one has none, and chunks are the same', () => {
  const options = aggregatorSchema.parse({ type: 'softbow', words: 5, shapes: true, withMean: true });
  const network = resnet18({ width: 8, shift: 4 });
  const encoder = aggregated(network, buildAggregator(options, 64));
  assert.equal(encoder.channels, 5 + 64);
  using parameters = new Parameters(encoder.parameters, randomStream(1));
  const data = Float64Array.from(seededArray(64 * 40, 'sample', 0, 2));
  encoder.codebook!.fit({ data, count: 40, channels: 64 }, randomStream(2), parameters);
  const [whole, parts] = [encoder, chunked(encoder, 2)].map((one) => pass(one, parameters));
  assertClose(parts!.features, whole!.features, 1e-5);
  const names = ['aggregator.codebook', 'aggregator.log_sigma'];
  for (const name of names) {
    const gradient = whole!.gradients.get(name)!;
    assert.ok(gradient.some((value) => value !== 0), name); // prettier-ignore
    assertClose(parts!.gradients.get(name)!, gradient, 1e-4, name);
  }
  for (const name of names) parameters.freeze(name);
  const { gradients } = pass(encoder, parameters);
  assert.ok(names.every((name) => !gradients.has(name)));
  assert.ok(gradients.has('conv1.weight'));
});

test('features that a codebook is fitted to are those of single frames', () => {
  const options = aggregatorSchema.parse({ type: 'softbow', words: 5 });
  const encoder = aggregated(resnet18({ width: 8, shift: 4 }), buildAggregator(options, 64));
  using parameters = new Parameters(encoder.parameters, randomStream(1));
  const x = frames(3);
  const before = counts();
  const sample = encoder.codebook!.sample(x, { parameters, normalization: 'running' });
  assert.deepEqual(sample.shape, [12, 64]);
  sample.dispose();
  assert.deepEqual(counts(), before);
});
