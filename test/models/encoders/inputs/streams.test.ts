import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../../src/config/schema.js';
import { startEngine } from '../../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../../src/engine/random.js';
import { chunked } from '../../../../src/models/encoders/chunked.js';
import { buildEncoder } from '../../../../src/models/encoders/encoder-catalogue.js';
import type { Encoder } from '../../../../src/models/encoders/encoder.js';
import {
  differenceImages,
  dynamicImages,
  middleFrames,
  type WindowImages,
} from '../../../../src/models/encoders/inputs/frame-windows.js';
import { ofImages } from '../../../../src/models/encoders/inputs/of-images.js';
import { joinedStreams } from '../../../../src/models/encoders/inputs/streams.js';
import { resnet18 } from '../../../../src/models/encoders/resnet.js';
import { setBatchNormMode } from '../../../../src/models/layers/batch-norm-layer.js';
import type { Pass } from '../../../../src/models/layers/layer.js';
import { Parameters } from '../../../../src/models/parameters.js';
import { exportState, importState } from '../../../../src/models/state.js';
import { tsmRules } from '../../../../src/train/optimizers/parameter-rules.js';
import { reestimateStatistics } from '../../../../src/train/reestimate.js';
import { assertClose, seeded } from '../../../support/numeric.js';

await startEngine();

const built = (keys: object) => buildEncoder(configSchema.parse({ encoder: { width: 8, shift: 4, ...keys } }).encoder);
const counts = () => [tf.memory().numTensors, nativeTensorCount()];
/** Two videos of three snippets of four frames. */
const input = () => seeded<tf.Rank.R6>([2, 3, 4, 32, 32, 3], 'frames', 0, 255);

/** Features, gradients and statistics as plain numbers, of a recorded pass; x is disposed of by it. */
function recorded(encoder: Encoder, x: tf.Tensor, pass: Pass, dFeatures?: Float32Array) {
  const statistics = new Map<string, Float32Array>();
  const record = encoder.record(x, {
    ...pass,
    onStatistics: (layer, { mean, variance }) =>
      statistics.set(layer, Float32Array.of(...mean.dataSync(), ...variance.dataSync())),
  });
  const { shape } = record.features;
  const features = record.features.dataSync<'float32'>();
  const d = dFeatures ? tf.tensor3d(dFeatures, shape) : seeded<tf.Rank.R3>(shape, 'gradient', -1, 1);
  const found = record.backward(d);
  const gradients = new Map([...found].map(([name, gradient]) => [name, gradient.dataSync<'float32'>()]));
  tf.dispose([d, ...found.values()]);
  record.dispose();
  return { shape, features, gradients, statistics };
}

/** A fresh copy of the parameters that have a prefix, under their names without it. */
function partOf(parameters: Parameters, specs: Encoder['parameters'], prefix: string): Parameters {
  const part = new Parameters(specs, randomStream(9));
  importState(part, exportState(parameters), 'the whole', prefix);
  return part;
}

/** The channels of one stream: `[n, 2C]` → `[n, C]`. */
function columns(all: Float32Array, channels: number, stream: number): Float32Array {
  return all.filter((_, i) => Math.floor((i % (2 * channels)) / channels) === stream);
}

const types = [
  ['resnet18', { window: 2 }],
  ['mobilenet-v2', { width: 0.35, window: 2 }],
  ['r2plus1d-18', { shift: null, window: 2 }],
  ['resnet18', { shift: 0, window: null }],
] as const;

for (const [type, keys] of types) {
  describe(`${type}, windows of ${keys.window ?? 'all'} frames`, () => {
    const single = built({ type, ...keys, window: null, frames: 4 });
    const joined = built({ type, ...keys, frames: 4, input: 'rgb+dynamic' });
    const parameters = new Parameters(joined.parameters, randomStream(1));
    const streams = [
      ['rgb.', middleFrames],
      ['dynamic.', dynamicImages],
    ] as const;

    for (const normalization of ['running', 'batch'] as const) {
      it(`two streams are two networks to the bit: features, gradients, statistics (${normalization})`, () => {
        const before = counts();
        const whole = recorded(joined, input(), { parameters, normalization });
        assert.deepEqual(whole.shape, [2, 3, 2 * single.channels]);
        assert.equal(joined.channels, 2 * single.channels);
        const gradient = seeded<tf.Rank.R3>(whole.shape, 'gradient', -1, 1);
        const expected = { gradients: new Map<string, Float32Array>(), statistics: new Map<string, Float32Array>() };
        streams.forEach(([prefix, images], i) => {
          using own = partOf(parameters, single.parameters, prefix);
          const x = input();
          const seen = images(x, keys.window);
          x.dispose();
          const d = columns(gradient.dataSync<'float32'>(), single.channels, i);
          const alone = recorded(single, seen, { parameters: own, normalization }, d);
          assert.deepEqual(columns(whole.features, single.channels, i), alone.features);
          for (const [name, values] of alone.gradients) expected.gradients.set(prefix + name, values);
          for (const [name, values] of alone.statistics) expected.statistics.set(prefix + name, values);
        });
        gradient.dispose();
        assert.deepEqual(whole.gradients, expected.gradients);
        assert.deepEqual([...whole.gradients.keys()].sort(), parameters.trainable().sort());
        assert.deepEqual(whole.statistics, expected.statistics);
        assert.deepEqual(counts(), before);
      });
    }

    it('encodes what it records, keeps x, and leaves nothing', () => {
      const before = counts();
      const x = input();
      const features = joined.encode(x, { parameters, normalization: 'running' });
      const whole = recorded(joined, x, { parameters, normalization: 'running' });
      assertClose(features.dataSync(), whole.features, 1e-6);
      features.dispose();
      assert.deepEqual(counts(), before);
    });
  });
}

describe('inputs', () => {
  it('rgb is the network alone, to the bit, and the other inputs are the network on their images', () => {
    const network = built({ frames: 4 });
    using parameters = new Parameters(network.parameters, randomStream(1));
    const pass: Pass = { parameters, normalization: 'running' };
    const x = input();
    const asBefore = resnet18({ width: 8, shift: 4 });
    assert.deepEqual(recorded(network, tf.clone(x), pass), recorded(asBefore, tf.clone(x), pass));
    for (const [name, images] of [
      ['dynamic', dynamicImages],
      ['difference', differenceImages],
    ] as const) {
      const encoder = built({ frames: 4, window: 2, input: name });
      assert.deepEqual(encoder.parameters, network.parameters);
      assert.equal(encoder.channels, network.channels);
      const [seen, features] = [images(x, 2), encoder.encode(x, pass)];
      const direct = network.encode(seen, pass);
      assert.deepEqual(features.dataSync(), direct.dataSync());
      const wrapped = recorded(encoder, tf.clone(x), pass);
      assert.deepEqual(wrapped, recorded(network, seen, pass));
      tf.dispose([features, direct]);
    }
    x.dispose();
  });

  it('the two networks start from different weights, and a stream sees only its own', () => {
    const encoder = built({ frames: 4, window: 2, input: 'rgb+dynamic' });
    using parameters = new Parameters(encoder.parameters, randomStream(1));
    const [rgb, dynamic] = ['rgb', 'dynamic'].map((name) => parameters.get(`${name}.conv1.weight`).dataSync());
    assert.notDeepEqual(rgb, dynamic);
    const pass: Pass = { parameters, normalization: 'running' };
    const x = input();
    const features = () => tf.tidy(() => encoder.encode(x, pass).dataSync<'float32'>());
    const before = features();
    parameters.assign('dynamic.conv1.weight', tf.zerosLike(parameters.get('dynamic.conv1.weight')));
    const after = features();
    assert.deepEqual(columns(after, 64, 0), columns(before, 64, 0));
    assert.notDeepEqual(columns(after, 64, 1), columns(before, 64, 1));
    x.dispose();
  });

  it('goes through in chunks', () => {
    const encoder = built({ frames: 4, window: 2, input: 'rgb+dynamic' });
    using parameters = new Parameters(encoder.parameters, randomStream(1));
    const pass: Pass = { parameters, normalization: 'running' };
    const before = counts();
    const whole = recorded(encoder, input(), pass);
    const parts = recorded(chunked(encoder, 4), input(), pass);
    assertClose(parts.features, whole.features, 1e-5);
    for (const [name, values] of whole.gradients) assertClose(parts.gradients.get(name)!, values, 1e-4, name);
    assert.deepEqual(counts(), before);
  });

  it('names of streams fit the rules of training, what is frozen, and statistics that are measured anew', async () => {
    const encoder = built({ frames: 4, window: 2, input: 'rgb+dynamic' });
    using parameters = new Parameters(encoder.parameters, randomStream(1));
    const rules = tsmRules(encoder.parameters, { weightDecay: 0.1, classifierLr: 5 });
    assert.deepEqual(rules.get('dynamic.bn1.weight'), { lr: 1, weightDecay: 0 });
    assert.deepEqual(rules.get('rgb.conv1.weight'), { lr: 1, weightDecay: 0.1 });
    const mean = () => parameters.get('dynamic.bn1.running_mean').dataSync();
    assert.ok(mean().every((value) => value === 0));
    // eslint-disable-next-line @typescript-eslint/require-await -- batches come asynchronously
    async function* batches() {
      yield input();
    }
    await reestimateStatistics(parameters, batches(), (x, pass) => {
      const features = encoder.encode(x, pass);
      x.dispose();
      return features;
    });
    assert.ok(mean().some((value) => value !== 0));
    setBatchNormMode(parameters, 'frozen-affine');
    assert.ok(!parameters.trainable().some((name) => name.includes('bn1')));
    assert.ok(parameters.trainable().includes('dynamic.conv1.weight'));
  });
});

describe('what fails', () => {
  const network = built({ frames: 4 });
  const broken = (when: 'record' | 'backward'): Encoder => ({
    ...network,
    encode() {
      throw new Error('broken');
    },
    record(x, pass) {
      if (when === 'record') throw new Error('broken');
      const record = network.record(x, pass);
      return {
        ...record,
        backward() {
          throw new Error('broken');
        },
      };
    },
  });
  const failing: WindowImages = () => {
    throw new Error('broken');
  };
  const two = (encoder: Encoder, images: WindowImages = dynamicImages) =>
    joinedStreams(
      [
        { name: 'one', encoder: network, images: middleFrames },
        { name: 'two', encoder, images },
      ],
      2,
    );

  it('leaves nothing behind, whichever part of it fails', () => {
    const names = ['one', 'two'];
    const specs = names.flatMap((name) =>
      network.parameters.map((spec) => ({ ...spec, name: `${name}.${spec.name}` })),
    );
    using parameters = new Parameters([...specs, ...network.parameters], randomStream(1));
    const pass: Pass = { parameters, normalization: 'running' };
    const x = input();
    const before = counts();
    const fails = (work: () => unknown) => {
      assert.throws(work, /broken/);
      assert.deepEqual(counts(), before);
    };
    for (const encoder of [
      two(broken('record')),
      two(network, failing),
      ofImages(broken('record'), dynamicImages, 2),
      ofImages(network, failing, 2),
    ]) {
      fails(() => encoder.encode(x, pass));
      fails(() => encoder.record(tf.clone(x), pass));
    }
    fails(() => {
      const record = two(broken('backward')).record(tf.clone(x), pass);
      const d = tf.onesLike(record.features);
      try {
        record.backward(d);
      } finally {
        d.dispose();
        record.dispose();
      }
    });
    fails(() => {
      two(network).record(tf.clone(x), pass).dispose();
      throw new Error('broken');
    });
    x.dispose();
  });
});
