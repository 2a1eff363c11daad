import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import { predictionChannel, predictionPrefix } from '../../../src/models/heads/prediction-channel.js';
import { sequenceChannels, sequencePrefix } from '../../../src/models/heads/sequence-channels.js';
import { prefixedPass } from '../../../src/models/layers/prefixed.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { lstmStack } from '../../../src/models/sequence/lstm-stack.js';
import { SequenceAutoencoder } from '../../../src/models/sequence/sequence-autoencoder.js';
import { disposeGradients, lossAndGradients } from '../../../src/train/gradients.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded, seededArray } from '../../support/numeric.js';

await startEngine();

const channels = 3;
const lstm = { units: 4, layers: 2, block: 4, stride: 3 };

/** Parameters of further channels whose scale is not 0 and 1. */
function scaledParameters(specs: Parameters['specs'], prefix: string): Parameters {
  const parameters = new Parameters(specs, randomStream(3, 'sequence'));
  parameters.assign(`${prefix}mean`, tf.tensor1d(seededArray(channels, 'mean')));
  parameters.assign(`${prefix}deviation`, tf.tensor1d(seededArray(channels, 'deviation', 0.5, 2)));
  return parameters;
}

const sequence = sequenceChannels(channels, lstm);
const parameters = scaledParameters(sequence.parameters, sequencePrefix);
const pass: Pass = { parameters, normalization: 'running' };
const own = prefixedPass(pass, sequencePrefix);

/** Standardised rows of one item. */
function scaled(x: tf.Tensor3D, item: number, { parameters: { get } }: Pass): number[][] {
  const [mean, deviation] = ['mean', 'deviation'].map((name) => get(name).dataSync());
  return x.arraySync()[item]!.map((row) => row.map((value, c) => (value - mean![c]!) / deviation![c]!));
}

/** The outputs of the LSTM over some rows, from nothing. */
function outputs(rows: readonly number[][]): number[][] {
  const stack = lstmStack('encoder', { inputs: channels, units: lstm.units, layers: lstm.layers });
  return tf.tidy(() => {
    const result = stack.run(tf.tensor3d([rows.flat()].flat(), [rows.length, 1, channels]), rows.length, own);
    return result.outputs.arraySync().map(([output]) => output!);
  });
}

/** The channels of one item by loops over its blocks. */
function naive(x: tf.Tensor3D, item: number, valid: number, block: number, stride: number): number[][] {
  const rows = scaled(x, item, own);
  const last = Math.max(0, valid - block);
  const starts = new Set([last]);
  for (let start = 0; start < last; start += stride) starts.add(start);
  const sums = rows.map(() => new Array<number>(lstm.units).fill(0));
  const counts = rows.map(() => 0);
  for (const start of starts)
    outputs(rows.slice(start, Math.min(valid, start + block))).forEach((output, i) => {
      counts[start + i]!++;
      output.forEach((value, u) => (sums[start + i]![u]! += value));
    });
  return sums.map((sum, t) => sum.map((value) => value / Math.max(1, counts[t]!)));
}

test('the outputs of blocks are averaged where they overlap, for items of several lengths', () => {
  const x = seeded<tf.Rank.R3>([4, 11, channels], 'features');
  const valid = [11, 8, 3, 1];
  const found = sequence.of({ features: x, valid }, pass);
  assert.deepEqual(found.shape, [4, 11, lstm.units]);
  const expected = valid.map((count, item) => naive(x, item, count, lstm.block, lstm.stride));
  assertClose(found.dataSync(), expected.flat(2), 1e-5);
});

test('what lies behind the video changes no bit', () => {
  const x = seeded<tf.Rank.R3>([1, 9, channels], 'padding');
  const alone = sequence.of({ features: x, valid: [9] }, pass).dataSync();
  for (const value of [0, 1e30, NaN]) {
    const padded = tf.tidy(() => tf.concat<tf.Tensor3D>([x, tf.fill([1, 7, channels], value)], 1));
    const found = sequence.of({ features: padded, valid: [9] }, pass).dataSync();
    assert.deepEqual(found.slice(0, 9 * lstm.units), alone);
    assert.ok(found.slice(9 * lstm.units).every((behind) => behind === 0));
  }
});

test('gradients are those of finite differences, of features and of every parameter', () => {
  const x = seeded<tf.Rank.R3>([2, 7, channels], 'gradient');
  const valid = [7, 3];
  assertGradients((features) => sequence.of({ features: features as tf.Tensor3D, valid }, pass), [x]);
  for (const { name, trainable } of sequence.parameters.filter((spec) => spec.trainable)) {
    assert.ok(trainable);
    const with_ = (value: tf.Tensor): Pass => ({
      ...pass,
      parameters: {
        has: (other) => parameters.has(other),
        variable: (other) => parameters.variable(other),
        get: <T extends tf.Tensor>(other: string) => (other === name ? (value as T) : parameters.get<T>(other)),
      },
    });
    assertGradients((value) => sequence.of({ features: x, valid }, with_(value)), [parameters.get(name)]);
  }
});

test('nothing is left behind', () => {
  const x = seeded<tf.Rank.R3>([2, 7, channels], 'leaks');
  const native = nativeTensorCount();
  assertLeavesNothing(() => tf.tidy(() => sequence.of({ features: x, valid: [7, 3] }, pass)));
  assertLeavesNothing(() =>
    tf.tidy(() => tf.grad((y) => sequence.of({ features: y as tf.Tensor3D, valid: [7, 3] }, pass))(x)),
  );
  assert.equal(nativeTensorCount(), native);
});

const prediction = predictionChannel(channels, lstm);
const predicting = scaledParameters(prediction.parameters, predictionPrefix);
const predictingPass: Pass = { parameters: predicting, normalization: 'running' };

test('the prediction error is that of the first step after the snippets before, which stand still at the start', () => {
  const x = seeded<tf.Rank.R3>([2, 9, channels], 'predicted');
  const valid = [9, 4];
  const model = new SequenceAutoencoder({
    ...{ model: 'future', conditional: false, copyInitState: false, values: 'real' },
    ...{ channels, units: lstm.units, layers: lstm.layers },
  });
  const inner = prefixedPass(predictingPass, predictionPrefix);
  const expected = valid.map((count, item) => {
    const rows = scaled(x, item, inner);
    return rows.map((row, t) => {
      if (t >= count) return 0;
      const past = Array.from({ length: lstm.block }, (_, i) => rows[Math.max(0, t - lstm.block + i)]!);
      const guess = tf.tidy(() => [
        ...model
          .predict(tf.tensor3d(past.flat(), [lstm.block, 1, channels]), tf.zeros([1, 1, channels]), inner, 'free')
          .dataSync(),
      ]);
      return guess.reduce((sum, value, c) => sum + (value - row[c]!) ** 2, 0) / channels;
    });
  });
  const found = prediction.of({ features: x, valid }, predictingPass);
  assert.deepEqual(found.shape, [2, 9, 1]);
  assertClose(found.dataSync(), expected.flat(), 1e-5);
  const padded = tf.tidy(() => tf.concat<tf.Tensor3D>([x, tf.fill([2, 5, channels], NaN)], 1));
  const [first] = prediction.of({ features: padded, valid }, predictingPass).arraySync();
  assert.deepEqual(first!.slice(9).flat(), [0, 0, 0, 0, 0]);
  assert.ok(prediction.parameters.every(({ trainable }) => !trainable));
  assertLeavesNothing(() => prediction.of({ features: x, valid }, predictingPass));
});

for (const model of [
  { type: 'gtad', h1: 16, h2: 8, h3: 16, groups: 4, width: 16, inner: 4, context: 2 },
  { type: 'pyramid', width: 8, heads: 2, levels: 3, stem: 1, attention: 5, dropPath: 0, predictionError: true },
])
  test(`${model.type} sees them behind the features, and trains the LSTM with itself`, () => {
    const { model: keys } = configSchema.parse({ model: { ...model, arp: 4, sequence: 'lstm', lstm } });
    using head = buildHead(keys, 4, 3);
    using parameters = new Parameters(head.parameters, randomStream(1));
    const x = seeded<tf.Rank.R3>([2, 16, 4], 'features');
    const valid = model.type === 'gtad' ? [16, 16] : [16, 11];
    const targets = valid.map((count) => head.targets([{ start: 0.2, end: 0.6, label: 1 }], 16, count));
    const learn = () =>
      lossAndGradients(
        () => head.loss({ features: x, valid }, targets, { parameters, normalization: 'running' }, randomStream(2)),
        new Map([['head', parameters]]),
      );
    const { gradients } = learn();
    const moves = (gradient: tf.Tensor) => tf.tidy(() => tf.sum(tf.abs(gradient)).dataSync()[0]! > 0);
    const names = [...gradients.get('head')!].filter(([, gradient]) => moves(gradient)).map(([name]) => name);
    disposeGradients(gradients);
    for (const part of ['input', 'recurrent', 'bias']) assert.ok(names.includes(`sequence.encoder.0.${part}`), part);
    assert.ok(!names.some((name) => name.startsWith(predictionPrefix) || /mean|deviation/.test(name)));
    // What a head keeps for a length is there now.
    const before = [tf.memory().numTensors, nativeTensorCount()];
    disposeGradients(learn().gradients);
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
  });

test('the keys have a place in the schema, and blocks leave nothing out', () => {
  const complaint = (model: object) => configSchema.safeParse({ model }).error?.issues[0];
  assert.equal(complaint({ sequence: 'lstm' }), undefined);
  assert.match(complaint({ lstm: { block: 4, stride: 5 } })!.message, /leave snippets out/);
  assert.deepEqual(complaint({ predictionError: true })!.code, 'unrecognized_keys');
});
