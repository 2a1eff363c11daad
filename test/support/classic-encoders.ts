import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { nativeTensorCount } from '../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../src/engine/random.js';
import type { Encoder } from '../../src/models/encoders/encoder.js';
import type { Pass } from '../../src/models/layers/layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { assertClose, seeded } from './numeric.js';

/** An encoder with parameters, and what it makes of two videos of two snippets of four frames. */
interface Checked {
  parameters: Parameters;
  /** `[2, 2, 4, 32, 32, 3]`. */
  x: tf.Tensor;
  features: (x: tf.Tensor) => Float32Array;
}

/**
 * Asserts what holds for every encoder: that it takes frames of any size, keeps snippets apart, gives every parameter a
 * gradient that dropout does not spoil, and leaves no tensor behind. All biases are made positive, so that no ReLU is
 * dead.
 */
export function assertEncoder(encoder: Encoder, more: (checked: Checked) => void = () => undefined): void {
  using parameters = new Parameters(encoder.parameters, randomStream(1));
  for (const { name, kind, shape } of encoder.parameters)
    if (kind === 'vector') parameters.assign(name, tf.fill(shape, 0.5));
  const pass: Pass = { parameters, normalization: 'running' };
  const features = (of: tf.Tensor) =>
    tf.tidy(() => {
      const y = encoder.encode(of, pass);
      assert.deepEqual(y.shape, [of.shape[0], of.shape[1], encoder.channels]);
      return y.dataSync<'float32'>();
    });
  const x = seeded<tf.Rank.R6>([2, 2, 4, 32, 32, 3], 'frames', 0, 255);
  try {
    const before = features(x);
    for (const [h, w] of [
      [45, 37],
      [16, 16],
      [7, 5],
    ]) {
      const odd = seeded<tf.Rank.R6>([1, 2, 4, h!, w!, 3], 'odd', 0, 255);
      assert.ok(features(odd).every(Number.isFinite));
      odd.dispose();
    }
    assertSnippetsApart(x, before, features, encoder.channels);
    assertGradients(encoder, x, pass, before);
    more({ parameters, x, features });
  } finally {
    x.dispose();
  }
}

function assertSnippetsApart(x: tf.Tensor, before: Float32Array, features: Checked['features'], channels: number) {
  // The second snippet of the first video is another one.
  const changed = tf.tidy(() => {
    const snippets = tf.reshape<tf.Rank.R5>(x, [4, ...x.shape.slice(2)] as tf.Tensor5D['shape']);
    const [a, b, c, d] = tf.split(snippets, 4) as [tf.Tensor5D, tf.Tensor5D, tf.Tensor5D, tf.Tensor5D];
    return tf.reshape(tf.concat([a, tf.reverse(b, 3), c, d]), x.shape);
  });
  const after = features(changed);
  changed.dispose();
  const of = (all: Float32Array, snippet: number) => all.subarray(snippet * channels, (snippet + 1) * channels);
  for (const snippet of [0, 2, 3]) assertClose(of(after, snippet), of(before, snippet), 1e-6, `snippet ${snippet}`);
  assert.notDeepEqual(of(after, 1), of(before, 1));
}

function assertGradients(encoder: Encoder, x: tf.Tensor, pass: Pass, encoded: Float32Array) {
  const step = (dropoutSeed?: number) => {
    const before = [tf.memory().numTensors, nativeTensorCount()];
    const record = encoder.record(tf.clone(x), { ...pass, ...(dropoutSeed !== undefined && { dropoutSeed }) });
    const features = record.features.dataSync<'float32'>();
    const d = tf.onesLike(record.features);
    const gradients = record.backward(d);
    record.dispose();
    d.dispose();
    const found = new Map([...gradients].map(([name, gradient]) => [name, gradient.dataSync<'float32'>()]));
    for (const { name, shape } of encoder.parameters) assert.deepEqual(gradients.get(name)!.shape, shape, name);
    tf.dispose([...gradients.values()]);
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before, 'tensors left behind');
    return { features, found };
  };
  const { features, found } = step();
  assertClose(features, encoded, 1e-6, 'features of a recorded pass');
  assert.equal(found.size, encoder.parameters.length);
  for (const [name, values] of found)
    assert.ok(values.some((value) => value !== 0) && values.every(Number.isFinite), name);
  step(3);
  // A pass that is recorded, and never differentiated.
  const before = [tf.memory().numTensors, nativeTensorCount()];
  encoder.record(tf.clone(x), pass).dispose();
  assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before, 'left behind by dispose');
}
