import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configHash } from '../../../src/config/hash.js';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import type { Head } from '../../../src/models/heads/head.js';
import { orderChannels } from '../../../src/models/heads/order-channels.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { disposeGradients, lossAndGradients } from '../../../src/train/gradients.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const counts = () => [tf.memory().numTensors, nativeTensorCount()];

/** The weights by the sum over time means, α_t = Σ_{k ≥ t} (2k - T - 1)/k, with positive ones that add up to 1. */
function naiveWeights(length: number): number[] {
  const weights = Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let k = i + 1; k <= length; k++) sum += (2 * k - length - 1) / k;
    return sum;
  });
  const positive = weights.filter((weight) => weight > 0).reduce((a, b) => a + b, 0);
  return weights.map((weight) => (positive > 0 ? weight / positive : 0));
}

/** The channels of one item of `[T][C]` by two loops. */
function naive(rows: readonly (readonly number[])[], valid: number, window: number): number[][] {
  const length = Math.min(window, valid);
  const weights = naiveWeights(length);
  return rows.map((row, t) => {
    if (t >= valid) return row.map(() => 0);
    const first = Math.min(Math.max(t - Math.floor(length / 2), 0), valid - length);
    return row.map((_, c) => weights.reduce((sum, weight, i) => sum + weight * rows[first + i]![c]!, 0));
  });
}

test('a window of two by hand: what follows the snippet before; the first has the second in its window', () => {
  const x = tf.tensor3d([1, 3, 10, 4], [1, 4, 1]);
  assert.deepEqual([...orderChannels(x, [4], 2).dataSync()], [2, 2, 7, -6]);
  assert.deepEqual([...orderChannels(x, [2], 2).dataSync()], [2, 2, 0, 0]);
  assert.deepEqual([...orderChannels(x, [1], 2).dataSync()], [0, 0, 0, 0]);
});

test('any window is what two loops give, for items of several lengths', () => {
  const x = seeded<tf.Rank.R3>([3, 9, 4], 'features');
  const rows = x.arraySync();
  const valid = [9, 5, 1];
  for (const window of [2, 3, 4, 5, 8, 9, 20]) {
    const found = orderChannels(x, valid, window);
    assert.deepEqual(found.shape, [3, 9, 4]);
    const expected = rows.map((item, i) => naive(item, valid[i]!, window));
    assertClose(found.dataSync(), expected.flat(2), 1e-6, `window ${window}`);
  }
});

test('what does not change has none, and time that goes backwards nearly the negative', () => {
  const constant = tf.fill<tf.Rank.R3>([1, 12, 2], 3.7);
  assert.ok(
    orderChannels(constant, [12], 6)
      .dataSync()
      .every((value) => Math.abs(value) < 1e-6),
  );
  const ramp = tf.tensor3d(
    Array.from({ length: 12 }, (_, t) => t),
    [1, 12, 1],
  );
  const [there, back] = [ramp, tf.reverse<tf.Tensor3D>(ramp, 1)].map((x) => orderChannels(x, [12], 5).dataSync());
  assert.ok(there!.every((value) => value > 1));
  assert.ok(back!.every((value) => value < -1));
});

test('what lies behind the video changes no bit', () => {
  const x = seeded<tf.Rank.R3>([1, 37, 16], 'padding');
  const alone = orderChannels(x, [37], 8).dataSync();
  for (const rows of [38, 64, 200]) {
    for (const value of [0, 1e30, NaN]) {
      const padded = tf.tidy(() => tf.concat<tf.Tensor3D>([x, tf.fill([1, rows - 37, 16], value)], 1));
      const [one, two] = [[37], [37, rows]].map((valid) => {
        const batch = tf.tidy(() => tf.concat(valid.map(() => padded)));
        return orderChannels(batch, valid, 8)
          .dataSync()
          .slice(0, rows * 16);
      });
      assert.deepEqual(one, two);
      assert.deepEqual(one!.slice(0, 37 * 16), alone);
      assert.ok(one!.slice(37 * 16).every((behind) => behind === 0));
    }
  }
});

test('the gradient is that of finite differences, and nothing is left behind', () => {
  const x = seeded<tf.Rank.R3>([2, 7, 3], 'gradient');
  for (const window of [2, 3, 6, 9])
    assertGradients((features) => orderChannels(features as tf.Tensor3D, [7, 4], window), [x]);
  const native = nativeTensorCount();
  assertLeavesNothing(() => orderChannels(x, [7, 4], 4));
  assertLeavesNothing(() => tf.grad((y) => orderChannels(y as tf.Tensor3D, [7, 4], 4))(x));
  assert.equal(nativeTensorCount(), native);
});

const models: Record<string, object> = {
  gtad: { type: 'gtad', h1: 16, h2: 8, h3: 16, groups: 4, width: 16, inner: 4, context: 2 },
  pyramid: { type: 'pyramid', width: 8, heads: 2, levels: 3, stem: 1, attention: 5, dropPath: 0 },
};
const instances = [{ start: 0.2, end: 0.6, label: 1 }];
const options = { peaks: false, minScore: 0, candidates: 100 };

for (const [name, model] of Object.entries(models)) {
  test(`${name} sees them behind the features in loss and proposals, with the gradients of both`, () => {
    const { model: keys } = configSchema.parse({ model: { ...model, arp: 4 } });
    using head = buildHead(keys, 6, 3);
    using plain = buildHead({ ...keys, arp: null }, 12, 3);
    assert.deepEqual(head.parameters, plain.parameters);
    assert.equal(head.labels, plain.labels);
    using parameters = new Parameters(head.parameters, randomStream(1));
    const pass: Pass = { parameters, normalization: 'running' };
    const valid = name === 'gtad' ? [16, 16] : [16, 11];
    const x = seeded<tf.Rank.R3>([2, 16, 6], 'features');
    const joined = tf.tidy(() => tf.concat<tf.Tensor3D>([x, orderChannels(x, valid, 4)], 2));

    const learnt = (of: Head, features: tf.Tensor3D) => {
      const targets = valid.map((count) => of.targets(instances, 16, count));
      const { total, gradients } = lossAndGradients(
        () => of.loss({ features, valid }, targets, pass, randomStream(2)),
        new Map([['head', parameters]]),
      );
      const values = [...gradients.get('head')!].map(([key, gradient]) => [key, gradient.dataSync()]);
      disposeGradients(gradients);
      return { total, values };
    };
    assert.deepEqual(learnt(head, x), learnt(plain, joined));
    // What a head keeps for a length is there now.
    const before = counts();
    learnt(head, x);
    assert.deepEqual(counts(), before);
    const found = head.propose(
      tf.tidy(() => tf.slice(x, [0], [1])),
      16,
      pass,
      options,
    );
    assert.ok(found.length > 0);
    assert.deepEqual(
      found,
      plain.propose(
        tf.tidy(() => tf.slice(joined, [0], [1])),
        16,
        pass,
        options,
      ),
    );

    // The gradient of the features, by which an encoder is trained: that of each half, the second through the windows.
    // (Finite differences meet too many kinks of a head.)
    const gradientOf = (of: Head, features: tf.Tensor3D) => {
      const targets = valid.map((count) => of.targets(instances, 16, count));
      const total = (y: tf.Tensor) =>
        of.loss({ features: y as tf.Tensor3D, valid }, targets, pass, randomStream(2)).total;
      return tf.tidy(() => tf.grad(total)(features).arraySync() as number[][][]);
    };
    const halves = gradientOf(plain, joined);
    const unit = (at: number) => Array.from({ length: 16 }, (_, t) => [t === at ? 1 : 0]);
    const expected = halves.map((item, i) =>
      item.map((row, t) => {
        // How much each window takes of snippet t.
        const shares = naive(unit(t), valid[i]!, 4).map(([share]) => share!);
        return row.slice(0, 6).map((own, c) => shares.reduce((sum, share, at) => sum + share * item[at]![6 + c]!, own));
      }),
    );
    assertClose(gradientOf(head, x).flat(2), expected.flat(2), 1e-5);
    assert.equal(counts()[1], before[1]);
  });
}

test('model.arp is at least 2, has a place in hashes of what trains a head, and none where it is null', () => {
  const refused = (arp: unknown) => {
    const parsed = configSchema.safeParse({ model: { arp } });
    assert.deepEqual(
      parsed.error?.issues.map(({ path }) => path.join('.')),
      ['model.arp'],
    );
  };
  for (const value of [1, 0, 2.5, '4']) refused(value);
  const hash = (model: object, stage: 'joint' | 'segments' | 'head' | 'extract') =>
    configHash(configSchema.parse({ model }), stage);
  for (const stage of ['joint', 'head', 'segments', 'extract'] as const) {
    assert.equal(hash({ arp: null }, stage), hash({}, stage));
    assert.equal(hash({ arp: 8 }, stage) !== hash({}, stage), stage === 'joint' || stage === 'head');
  }
});
