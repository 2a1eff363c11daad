import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { metered } from '../../../src/engine/meter.js';
import { randomStream } from '../../../src/engine/random.js';
import { chunked } from '../../../src/models/encoders/chunked.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import { resnet18 } from '../../../src/models/encoders/resnet.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { assertClose, seeded } from '../../support/numeric.js';

const { name } = await startEngine();
const encoder = resnet18({ width: 8, shift: 4 });
const parameters = new Parameters(encoder.parameters, randomStream(1));
const counts = () => [tf.memory().numTensors, nativeTensorCount()];

/** Features and gradients of two videos of some snippets of three frames, from the same gradient of the features. */
function pass(of: Encoder, snippets: number, { size = 32, ...how }: Partial<Pass> & { size?: number } = {}) {
  const x = seeded<tf.Rank.R6>([2, snippets, 3, size, size, 3], 'frames', 0, 255);
  const dFeatures = seeded<tf.Rank.R3>([2, snippets, encoder.channels], 'gradient', -1, 1);
  const record = of.record(x, { parameters, normalization: 'running', ...how });
  const features = record.features.dataSync();
  const gradients = new Map(
    [...record.backward(dFeatures)].map(([name, g]) => [name, { g, data: g.dataSync<'float32'>() }]),
  );
  record.dispose();
  dFeatures.dispose();
  for (const { g } of gradients.values()) g.dispose();
  return { features, gradients };
}

test('snippets in chunks have the features and gradients of all at once, and leave nothing', () => {
  const before = counts();
  const whole = pass(encoder, 5);
  // Ten snippets: the last chunk is smaller than the others, and one chunk has snippets of both videos.
  for (const size of [1, 3, 10, 16]) {
    const found = pass(chunked(encoder, size), 5);
    assertClose(found.features, whole.features, 1e-5, `features, chunks of ${size}`);
    assert.deepEqual([...found.gradients.keys()].sort(), [...whole.gradients.keys()].sort());
    for (const [name, { data }] of whole.gradients) {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assertClose(found.gradients.get(name)!.data, data, 1e-4 * largest, `${name}, chunks of ${size}`);
    }
  }
  assert.deepEqual(counts(), before);
});

test('each chunk hands its statistics out once, though it is computed twice', () => {
  let times = 0;
  const onStatistics = () => times++;
  const normalizations = encoder.parameters.filter(({ name }) => name.endsWith('running_mean')).length;
  const before = counts();
  pass(chunked(encoder, 4), 5, { normalization: 'batch', onStatistics });
  assert.equal(times, normalizations * Math.ceil(10 / 4));
  assert.deepEqual(counts(), before);
});

test(
  'memory is that of a chunk, not of the snippets',
  { skip: name !== 'tensorflow' && 'needs native TensorFlow' },
  () => {
    const peak = (of: Encoder, snippets: number) =>
      metered((read) => {
        pass(of, snippets, { size: 64 });
        return read().peakBytes;
      });
    const frames = 2 * 3 * 64 * 64 * 3 * 4;
    const taped = peak(encoder, 8) - 8 * frames;
    const inChunks = peak(chunked(encoder, 2), 8) - 8 * frames;
    assert.ok(inChunks < 0.4 * taped, `${inChunks} of ${taped} bytes`);
  },
);
