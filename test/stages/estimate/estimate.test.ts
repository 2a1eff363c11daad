import assert from 'node:assert/strict';
import { before, test, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { stages } from '../../../src/config/stages.js';
import { startEngine } from '../../../src/engine/backend.js';
import { metered, type Reading } from '../../../src/engine/meter.js';
import { isNative } from '../../../src/engine/ops/run-native.js';
import { randomStream } from '../../../src/engine/random.js';
import { chunked } from '../../../src/models/encoders/chunked.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { encoderCost } from '../../../src/stages/estimate/cost.js';
import { numbersOf } from '../../../src/stages/estimate/model-part.js';
import { chunkedCost } from '../../../src/stages/estimate/encoder-stages.js';
import { estimate } from '../../../src/stages/estimate/estimate.js';
import type { StageEstimate } from '../../../src/stages/estimate/stage-estimate.js';
import { subjectOf } from '../../../src/stages/estimate/subject.js';

before(() => startEngine());

const sizes = {
  encoder: { width: 16, frames: 4 },
  model: { h1: 32, h2: 16, h3: 32, groups: 8, width: 32, inner: 8, context: 2 },
  full: { snippets: 32, size: 64 },
  pretrain: { batch: 8, size: 64 },
  joint: { batch: 4, microBatch: 2 },
  head: { batch: 4 },
};
const small = configSchema.parse(sizes);

function needsNative(t: TestContext): boolean {
  if (!isNative()) t.skip('needs native TensorFlow');
  return isNative();
}

function near(value: number, wanted: number): void {
  assert.ok(Math.abs(value / wanted - 1) < 0.05, `${value} is not ${wanted}`);
}

/** What a pass of an encoder through many snippets and its way back take, beside the parameters. */
function passOf(encoder: Encoder, snippets: number, how: Pick<Pass, 'normalization' | 'precision'>) {
  const parameters = new Parameters(encoder.parameters, randomStream(0, 'test'));
  const readings = metered((read) => {
    const pass = { parameters, ...how };
    // Parameters go to the engine when they are first used.
    encoder.record(tf.zeros([1, 1, 4, 64, 64, 3]), pass).dispose();
    const { aliveBytes: resident } = read();
    const record = encoder.record(tf.zeros([1, snippets, 4, 64, 64, 3]), pass);
    const forward = read();
    const d = tf.onesLike(record.features);
    const gradients = record.backward(d);
    record.dispose();
    tf.dispose([d, ...gradients.values()]);
    const backward = read();
    const without = ({ flops, peakBytes, aliveBytes }: Reading) => ({
      flops,
      peakBytes: peakBytes - resident,
      aliveBytes: aliveBytes - resident,
    });
    return { resident, forward: without(forward), backward: without(backward) };
  });
  parameters.dispose();
  return readings;
}

for (const precision of ['float32', 'bfloat16'] as const) {
  void test(`a pass of many more snippets takes what a few foretell, in ${precision}`, (t) => {
    if (!needsNative(t)) return;
    const encoder = buildEncoder(small.encoder);
    const told = encoderCost(encoder, { size: 64, frames: 4 }, { batchNorm: 'train', precision });
    const snippets = 80;
    const { resident, forward, backward } = passOf(encoder, snippets, { normalization: 'batch', precision });
    assert.equal(told.resident, resident);
    near(told.peak(snippets), Math.max(forward.peakBytes, backward.peakBytes));
    near(told.kept(snippets), forward.aliveBytes);
    near(told.flops(snippets), forward.flops + backward.flops);
  });
}

void test('a pass in chunks keeps all frames, and each chunk goes through twice', (t) => {
  if (!needsNative(t)) return;
  const config = configSchema.parse({ ...sizes, joint: { gradient: 'chunked', chunk: 16, batchNorm: 'frozen' } });
  const subject = subjectOf(config, 128);
  const clip = { size: 64, frames: 4 };
  const whole = encoderCost(subject.encoder, clip, { batchNorm: 'frozen', precision: 'float32' });
  const told = chunkedCost(subject, clip, whole);
  const { forward, backward } = passOf(chunked(subject.encoder, 16), 80, { normalization: 'running' });
  near(told.peak(80), Math.max(forward.peakBytes, backward.peakBytes));
  near(told.kept(80), forward.aliveBytes);
  near(told.flops(80), forward.flops + backward.flops);
});

/** The estimate of one stage. */
function estimateOf(config: Config, stage: (typeof stages)[number]['name']): StageEstimate {
  const found = estimate(config, buildEncoder(config.encoder).channels)[stage];
  assert.ok(found, stage);
  return found;
}

const peakOf = ({ shapes }: StageEstimate) => Math.max(...shapes.map(({ peak_gib }) => peak_gib));

void test('pretext, by its sequences: parameters as counted by hand, operations as many as there are sequences', (t) => {
  if (!needsNative(t)) return;
  const pretext = (keys: object) => {
    const model = { lstm: { units: 16, layers: 1 } };
    const stated = { canvas: 16, data: 'glyphs', past: 6, future: 4, batch: 32, ...keys };
    return estimateOf(
      configSchema.parse({ ...small, model: { ...small.model, ...model }, pretext: stated }),
      'pretext',
    );
  };
  const tensors = tf.memory().numTensors;
  const composite = pretext({});
  assert.equal(tf.memory().numTensors, tensors);
  // An encoder that sees 256 pixels, and two decoders that see none and give as many.
  const lstm = (inputs: number) => 4 * 16 * (inputs + 16 + 1) + 3 * 16;
  assert.equal(composite.parameters, lstm(256) + 2 * (lstm(0) + 256 * 16 + 256));
  assert.deepEqual(composite.shapes.map(({ shape }) => shape), ['10']); // prettier-ignore
  const future = pretext({ task: 'future' });
  assert.equal(future.parameters, lstm(256) + lstm(0) + 256 * 16 + 256);
  assert.ok(future.shapes[0]!.gflops < composite.shapes[0]!.gflops);
  const twice = pretext({ batch: 64 }).shapes[0]!.gflops;
  assert.ok(Math.abs(twice / composite.shapes[0]!.gflops - 2) < 0.1, String(twice));
  assert.ok(pretext({ microBatch: 8, batch: 2048 }).shapes[0]!.peak_gib < pretext({ batch: 2048 }).shapes[0]!.peak_gib);
});

void test('every stage and shape, parameters and operations as counted by hand', (t) => {
  if (!needsNative(t)) return;
  const tensors = tf.memory().numTensors;
  const { pretrain, joint, extract, segments, head } = estimate(small, 128) as Record<string, StageEstimate>;
  assert.ok(pretrain && joint && extract && segments && head);
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(joint.parameters, extract.parameters + head.parameters);
  assert.equal(pretrain.parameters, extract.parameters);
  // 128 channels, and a weight of each and a bias for each of 20 classes.
  assert.equal(segments.parameters, 128 * 20 + 20);
  const shapes = [pretrain, joint, extract, segments, head].map((stage) => stage.shapes.map(({ shape }) => shape));
  assert.deepEqual(shapes, [['4x64'], ['32x32', '8x64', '16x45'], ['32x64'], ['1'], ['32']]);
  for (const { shapes } of [pretrain, joint, extract, head])
    for (const { gflops, peak_gib } of shapes) assert.ok(gflops > 0 && peak_gib > 0.1 && peak_gib < 8);
  // The same pixels with and without a way back, which is twice the way there but for the image's own gradient.
  const [perClip, perSnippet] = [pretrain.shapes[0]!.gflops / 8, extract.shapes[0]!.gflops / 32];
  assert.ok(perClip / perSnippet > 2.7 && perClip / perSnippet < 3, `${perClip} ${perSnippet}`);
});

void test('only stages that run are estimated, in the order of the table', (t) => {
  if (!needsNative(t)) return;
  const asked: [keys: object, names: string[]][] = [
    [{}, ['pretrain', 'joint', 'extract', 'segments', 'head']],
    [{ pretrain: { epochs: 0 } }, ['joint', 'extract', 'segments', 'head']],
    [{ pretrain: { epochs: 0 }, model: { type: 'pyramid', width: 32 } }, ['joint', 'extract', 'head']],
    [{ data: { features: 'features' } }, ['segments', 'head']],
    [{ data: { features: 'features' }, model: { type: 'pyramid', width: 32 } }, ['head']],
  ];
  const tiny = { ...sizes, encoder: { width: 8, frames: 2 }, full: { snippets: 16, size: 32 } };
  for (const [keys, names] of asked) {
    const config = configSchema.parse({ ...tiny, ...keys });
    assert.deepEqual(Object.keys(estimate(config, 64)), names);
  }
});

void test('the head of published features is estimated for their channels', (t) => {
  if (!needsNative(t)) return;
  const config = configSchema.parse({
    data: { features: 'features' },
    model: { type: 'pyramid', width: 32, levels: 3 },
    full: { snippets: 20, size: 32 },
  });
  const [few, many] = [100, 1000].map((channels) => estimate(config, channels).head!);
  // The first layer is a convolution over 3 snippets from the features' channels to 32.
  assert.equal(many!.parameters - few!.parameters, 3 * 900 * 32);
});

/** Peaks that differ by what is estimated alone: the process has no size of its own. */
function withoutProcess(t: TestContext): void {
  t.mock.method(process, 'memoryUsage', () => ({ rss: 0 }));
}

void test('a head with an average takes a copy of its parameters more, by the numbers of a pyramid', (t) => {
  if (!needsNative(t)) return;
  withoutProcess(t);
  const head = (keys: object) => {
    const model = { type: 'pyramid', width: 256 };
    const data = { features: 'features' };
    const head = { batch: 8, optimizer: 'adamw', ...keys };
    return estimateOf(configSchema.parse({ ...sizes, data, model, head }), 'head');
  };
  const [plain, averaged] = [head({}), head({ ema: 0.999 })];
  const copy = (4 * plain.parameters) / 2 ** 30;
  assert.ok(copy > 0.02, String(copy));
  assert.ok(Math.abs(peakOf(averaged) - peakOf(plain) - copy) < 0.002, `${peakOf(averaged)} ${peakOf(plain)}`);
  // AdamW's two slots, the average, the parameters and their gradients, at least.
  assert.ok(peakOf(averaged) > 5 * copy, String(peakOf(averaged)));
});

void test('an encoder in bfloat16 takes little more than half of what it takes in float32', (t) => {
  if (!needsNative(t)) return;
  withoutProcess(t);
  const joint = (precision: string) => {
    const full = { snippets: 100, size: 128 };
    return peakOf(estimateOf(configSchema.parse({ ...sizes, precision, full, pretrain: { epochs: 0 } }), 'joint'));
  };
  const [whole, half] = [joint('float32'), joint('bfloat16')];
  assert.ok(half < 0.75 * whole, `${half} of ${whole}`);
});

void test('the pass that measures statistics anew counts where it takes more than a step', (t) => {
  if (!needsNative(t)) return;
  withoutProcess(t);
  const joint = (keys: object) => {
    const shapes = [{ snippets: 8, size: 32 }];
    const all = { batch: 1, microBatch: 1, gradient: 'chunked', chunk: 1, shapes, ...keys };
    return peakOf(
      estimateOf(configSchema.parse({ ...sizes, full: { snippets: 100, size: 112 }, joint: all }), 'joint'),
    );
  };
  // 64 frames of 224 pixels a side at once, as `extract` sees them, make maps of 16 channels and half the side.
  const maps = (64 * 112 * 112 * 16 * 4) / 2 ** 30;
  assert.ok(joint({ reestimate: 10 }) > joint({}) + maps, `${joint({ reestimate: 10 })} ${joint({})}`);
});

void test('shapes of multigrid, with the operations of their batches', (t) => {
  if (!needsNative(t)) return;
  const pretrain = { size: 64, batch: 8, epochs: 40, lrSteps: [20], multigrid: { shortCycle: false } };
  const { shapes } = estimateOf(configSchema.parse({ ...sizes, pretrain }), 'pretrain');
  // A quarter, half, half and all of 4 frames; 64/√2 is 45 pixels.
  assert.deepEqual(
    shapes.map(({ shape }) => shape),
    ['1x45', '2x45', '2x64', '4x64'],
  );
  // Batches grow by what clips shrink, so that every shape costs about the same.
  const [first] = shapes;
  for (const { gflops } of shapes) assert.ok(Math.abs(gflops / first!.gflops - 1) < 0.25, JSON.stringify(shapes));
});

void test('what the network sees decides its operations: an image for each window, and two networks of two streams', (t) => {
  if (!needsNative(t)) return;
  const extract = (keys: object) =>
    estimateOf(configSchema.parse({ ...sizes, encoder: { ...sizes.encoder, shift: 0, ...keys } }), 'extract');
  const gflops = ({ shapes }: StageEstimate) => shapes[0]!.gflops;
  const [rgb, dynamic, two] = [{}, { input: 'dynamic' }, { input: 'rgb+dynamic', window: 2 }].map(extract);
  near(gflops(dynamic!), gflops(rgb!) / 4);
  assert.equal(dynamic!.parameters, rgb!.parameters);
  near(gflops(two!), gflops(rgb!));
  assert.equal(two!.parameters, 2 * rgb!.parameters);
});

void test('a pass of two streams takes what a few snippets foretell', (t) => {
  if (!needsNative(t)) return;
  const encoder = buildEncoder(
    configSchema.parse({ encoder: { ...sizes.encoder, input: 'rgb+dynamic', window: 2 } }).encoder,
  );
  const told = encoderCost(encoder, { size: 64, frames: 4 }, { batchNorm: 'train', precision: 'float32' });
  const { forward, backward } = passOf(encoder, 80, { normalization: 'batch', precision: 'float32' });
  near(told.peak(80), Math.max(forward.peakBytes, backward.peakBytes));
  near(told.kept(80), forward.aliveBytes);
  near(told.flops(80), forward.flops + backward.flops);
});

void test('a head with order channels has a first layer for twice the channels', (t) => {
  if (!needsNative(t)) return;
  const model = { type: 'pyramid', width: 32, levels: 3 };
  const estimated = (arp: number | null) =>
    estimate(configSchema.parse({ ...sizes, data: { features: 'features' }, model: { ...model, arp } }), 100).head!;
  const [plain, order] = [estimated(null), estimated(4)];
  assert.equal(order.parameters - plain.parameters, 3 * 100 * 32);
  assert.ok(order.shapes[0]!.gflops > plain.shapes[0]!.gflops);
});

void test('a head whose sampler scores three batches by the model for each takes twice the operations', (t) => {
  if (!needsNative(t)) return;
  const gflops = (type: string) => {
    const head = { batch: 4, sampler: { type } };
    const config = configSchema.parse({ ...sizes, data: { features: 'features' }, model: { type: 'pyramid' }, head });
    return estimate(config, 100).head!.shapes[0]!.gflops;
  };
  near(gflops('model'), 2 * gflops('shuffled'));
  assert.equal(gflops('history'), gflops('shuffled'));
});

void test("an encoder with an aggregator: the head sees D' channels, and all is finite", (t) => {
  if (!needsNative(t)) return;
  const held = tf.memory().numTensors;
  for (const [aggregator, wanted] of [
    [{ type: 'softbow', words: 8 }, 8],
    [{ type: 'fisher', words: 4 }, 2 * 4 * 64],
  ] as const) {
    const { type } = aggregator;
    const encoder = { width: 8, frames: 2, aggregator };
    const keys = { ...sizes, encoder, full: { snippets: 16, size: 32 }, pretrain: { batch: 4, size: 32 } };
    const config = configSchema.parse({ ...keys, segments: { aggregator: { type: 'rank' } } });
    const { channels } = buildEncoder(config.encoder);
    assert.equal(channels, wanted);
    const found = estimate(config, channels);
    assert.deepEqual(Object.keys(found), ['pretrain', 'joint', 'extract', 'segments', 'head']);
    for (const [stage, { parameters, shapes }] of Object.entries(found)) {
      assert.ok(Number.isInteger(parameters) && parameters > 0, `${type}: ${stage}`);
      for (const { gflops, peak_gib } of shapes)
        assert.ok(gflops >= 0 && peak_gib > 0.1 && peak_gib < 8, `${type}: ${stage} ${gflops} ${peak_gib}`);
    }
    assert.equal(found.segments!.parameters, 20 * channels + 20);
    assert.deepEqual(
      found.segments!.shapes.map(({ shape }) => shape),
      ['16'],
    );
  }
  assert.equal(tf.memory().numTensors, held);
});

void test('an LSTM over segments counts with its units, and sees blocks of 16 snippets', (t) => {
  if (!needsNative(t)) return;
  const model = { ...sizes.model, lstm: { units: 32, layers: 2 } };
  const config = configSchema.parse({ ...sizes, model, segments: { classifier: 'lstm' } });
  const { channels } = buildEncoder(config.encoder);
  const { parameters, shapes } = estimate(config, channels).segments!;
  // Gates see the layer below, the step before and a bias; three of them the cell; 20 classes.
  const layer = (inputs: number) => 4 * 32 * (inputs + 32 + 1) + 3 * 32;
  assert.equal(parameters, layer(channels) + layer(32) + 20 * (32 + 1));
  assert.deepEqual(
    shapes.map(({ shape }) => shape),
    ['16'],
  );
  // Products of 16 steps of 64 instances, there and twice as much back, are most of it.
  const products = 2 * 16 * 64 * 4 * 32 * (channels + 3 * 32);
  assert.ok(shapes[0]!.gflops * 1e9 > 2 * products && shapes[0]!.gflops * 1e9 < 5 * products);
});

void test('a codebook counts among what is trained, or kept in an average, by its numbers', () => {
  const numbers = (aggregator: object) => {
    const config = configSchema.parse({ encoder: { ...sizes.encoder, aggregator } });
    return numbersOf([{ specs: buildEncoder(config.encoder).parameters }]);
  };
  const plain = numbers({ type: 'mean' });
  const more = (aggregator: object) => {
    const { all, trained } = numbers(aggregator);
    return [all - plain.all, trained - plain.trained];
  };
  // Words of 128 channels, γ, and how far the words reach.
  assert.deepEqual(more({ type: 'softbow', words: 7 }), [7 * 128 + 1, 7 * 128]);
  assert.deepEqual(more({ type: 'softbow', words: 7, shapes: true }), [2 * 7 * 128 + 1, 2 * 7 * 128]);
  // Weights, means and variances.
  assert.deepEqual(more({ type: 'fisher', words: 7 }), [7 * (1 + 2 * 128), 0]);
  assert.deepEqual(more({ type: 'rank' }), [0, 0]);
});

void test('R(2+1)D with an aggregator of the frames that it leaves', (t) => {
  if (!needsNative(t)) return;
  const keys = { type: 'r2plus1d-18', width: 4, frames: 16, aggregator: { type: 'rank', withMean: true } };
  const encoder = buildEncoder(configSchema.parse({ encoder: keys }).encoder);
  assert.equal(encoder.channels, 2 * 32);
  const clip = { size: 32, frames: 16 };
  const cost = encoderCost(encoder, clip, { batchNorm: 'train', precision: 'float32' });
  for (const key of ['peak', 'kept', 'flops'] as const) {
    const [two, four] = [cost[key](2), cost[key](4)];
    assert.ok(two > 0 && four > two && Number.isFinite(four), key);
  }
});

test('pretrain.transfer: what is not trained has no gradient, no slots, and no part in the number', (t) => {
  if (!needsNative(t)) return;
  const of = (transfer: string) =>
    estimate(configSchema.parse({ ...sizes, pretrain: { ...sizes.pretrain, transfer } }), 64).pretrain!;
  const [all, top3, top] = [of('all'), of('top3'), of('top')];
  const { parameters: specs } = buildEncoder(small.encoder);
  const sizeOf = (name: string) => specs.find((spec) => spec.name === name)!.shape.reduce((a, b) => a * b, 1);
  const blocks = ['layer4.0', 'layer4.1'];
  const own = specs.filter(({ name, trainable }) => trainable && blocks.some((block) => name.startsWith(block)));
  assert.equal(top.parameters, 0);
  assert.equal(
    top3.parameters,
    own.reduce((sum, { name }) => sum + sizeOf(name), 0),
  );
  assert.ok(all.parameters > top3.parameters);
});
