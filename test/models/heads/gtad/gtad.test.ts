import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { randomStream } from '../../../../src/engine/random.js';
import { GtadHead } from '../../../../src/models/heads/gtad/gtad.js';
import type { Pass } from '../../../../src/models/layers/layer.js';
import { Parameters } from '../../../../src/models/parameters.js';
import { exportState } from '../../../../src/models/state.js';
import { naiveGtad } from '../../../support/naive-gtad.js';
import { assertClose, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

const options = { features: 12, h1: 8, h2: 6, h3: 10, groups: 2, width: 4, k: 3, inner: 5, context: 2 };
const head = new GtadHead(options);
const parameters = new Parameters(head.parameters, randomStream(11, 'gtad'));
const pass: Pass = { parameters, normalization: 'running' };
after(() => {
  head.dispose();
  parameters.dispose();
});
const apply = (features: tf.Tensor3D) => {
  const { map, start, end } = tf.tidy(() => ({ ...head.apply(features, pass) }));
  return { map, start, end };
};

for (const snippets of [3, 7, 12]) {
  test(`projecting before aligning gives what aligning before projecting does, for ${snippets} snippets`, () => {
    const x = seeded<tf.Rank.R3>([2, snippets, 12], 'features', -3, 3);
    const rows = tf.tidy(() => x.arraySync());
    const { map, start, end } = apply(x);
    assert.deepEqual(map.shape, [2, (snippets * (snippets + 1)) / 2, 2]);
    assert.deepEqual(start.shape, [2, snippets]);
    const expected = rows.map((video) => naiveGtad(video, exportState(parameters), options));
    assertClose(
      map.dataSync(),
      expected.flatMap((video) => video.map.flat()),
      2e-6,
      'map',
    );
    assertClose(
      start.dataSync(),
      expected.flatMap((video) => video.start),
      2e-6,
      'start',
    );
    assertClose(
      end.dataSync(),
      expected.flatMap((video) => video.end),
      2e-6,
      'end',
    );
    // The comparison sees something: outputs differ from anchor to anchor.
    const values = map.dataSync();
    assert.ok(Math.max(...values) - Math.min(...values) > 1e-3);
  });
}

test('one head serves every length, and all its parameters learn at each', () => {
  for (const snippets of [4, 9, 16]) {
    const x = seeded<tf.Rank.R3>([2, snippets, 12], 'features', -3, 3);
    const { grads, value } = tf.variableGrads(
      () => {
        const { map, start, end } = head.apply(x, pass);
        return tf.addN([map, start, end].map((output) => tf.sum<tf.Scalar>(tf.square(output))));
      },
      parameters.trainable().map((name) => parameters.variable(name)),
    );
    for (const name of parameters.trainable()) {
      const gradient = grads[parameters.variable(name).name]!.dataSync();
      assert.ok(
        gradient.some((g) => g !== 0),
        `${name} at ${snippets} snippets`,
      );
    }
    tf.dispose([value, ...Object.values(grads), x]);
  }
});

test('videos of a batch do not see each other', () => {
  const x = seeded<tf.Rank.R3>([3, 6, 12], 'features', -3, 3);
  const all = apply(x);
  const [, middle] = tf.split(x, 3) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const alone = apply(middle);
  assertClose(alone.map.dataSync(), tf.slice(all.map, [1, 0, 0], [1, -1, -1]).dataSync(), 1e-6);
  assertClose(alone.start.dataSync(), tf.slice(all.start, [1, 0], [1, -1]).dataSync(), 1e-6);
});

test('tensors: the constants of a length are made once, and freed with the head', () => {
  const before = tf.memory().numTensors;
  const own = new GtadHead(options);
  const x = seeded<tf.Rank.R3>([1, 5, 12], 'features');
  const outputs = () => tf.tidy(() => Object.values(own.apply(x, pass)) as tf.Tensor[]);
  tf.dispose(outputs());
  assert.equal(tf.memory().numTensors, before + 3);
  assertLeavesNothing(outputs);
  assert.equal(own.anchors(5), own.anchors(5));
  own.dispose();
  x.dispose();
  assert.equal(tf.memory().numTensors, before);
});
