import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { metered } from '../../../src/engine/meter.js';
import { isNative } from '../../../src/engine/ops/run-native.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { Parameters } from '../../../src/models/parameters.js';
import { encoderCost, estimate, type Estimate } from '../../../src/stages/estimate/estimate.js';

before(() => startEngine());

const small = configSchema.parse({
  encoder: { width: 16, frames: 4 },
  model: { h1: 32, h2: 16, h3: 32, groups: 8, width: 32, inner: 8, context: 2 },
  full: { snippets: 32, size: 64 },
  pretrain: { batch: 8, size: 64 },
  joint: { batch: 4, microBatch: 2 },
  head: { batch: 4 },
});

void test('a pass of many more snippets takes what a few foretell', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  const encoder = buildEncoder(small.encoder);
  const told = encoderCost(small, encoder, { size: 64, frames: 4 }, 'train');
  const snippets = 80;
  const parameters = new Parameters(encoder.parameters, randomStream(0, 'test'));
  const [forward, backward] = metered((read) => {
    const pass = { parameters, normalization: 'batch' } as const;
    // Parameters go to the engine when they are first used.
    encoder.record(tf.zeros([1, 1, 4, 64, 64, 3]), pass).dispose();
    const { aliveBytes: resident } = read();
    assert.equal(told.resident, resident);
    const record = encoder.record(tf.zeros([1, snippets, 4, 64, 64, 3]), pass);
    const forward = read();
    const d = tf.onesLike(record.features);
    const gradients = record.backward(d);
    record.dispose();
    tf.dispose([d, ...gradients.values()]);
    const backward = read();
    return [forward, backward].map((of) => ({
      ...of,
      peakBytes: of.peakBytes - resident,
      aliveBytes: of.aliveBytes - resident,
    }));
  });
  parameters.dispose();
  assert.ok(forward && backward);
  const near = (value: number, wanted: number) => {
    assert.ok(Math.abs(value / wanted - 1) < 0.05, `${value} is not ${wanted}`);
  };
  near(told.peak(snippets), Math.max(forward.peakBytes, backward.peakBytes));
  near(told.kept(snippets), forward.aliveBytes);
  near(told.flops(snippets), forward.flops + backward.flops);
});

void test('every stage and shape, parameters and operations as counted by hand', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  const tensors = tf.memory().numTensors;
  const { pretrain, joint, extract, head } = estimate(small) as Required<Estimate>;
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(joint.parameters, extract.parameters + head.parameters);
  assert.equal(pretrain.parameters, extract.parameters);
  const shapes = [pretrain, joint, extract, head].map((stage) => stage.shapes.map(({ shape }) => shape));
  assert.deepEqual(shapes, [['4x64'], ['32x32', '8x64', '16x45'], ['32x64'], ['32']]);
  for (const { shapes } of [pretrain, joint, extract, head])
    for (const { gflops, peak_gib } of shapes) assert.ok(gflops > 0 && peak_gib > 0.1 && peak_gib < 8);
  // The same pixels with and without a way back, which is twice the way there but for the image's own gradient.
  const [perClip, perSnippet] = [pretrain.shapes[0]!.gflops / 8, extract.shapes[0]!.gflops / 32];
  assert.ok(perClip / perSnippet > 2.7 && perClip / perSnippet < 3, `${perClip} ${perSnippet}`);
});

void test('only stages that run are metered', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  const stages = (change: object) => Object.keys(estimate(configSchema.parse({ ...small, ...change })));
  assert.deepEqual(stages({ pretrain: { epochs: 0 } }), ['joint', 'extract', 'head']);
  assert.deepEqual(stages({ data: { annotations: 'a.json', features: 'f' } }), ['head']);
});
