import assert from 'node:assert/strict';
import { after, describe, it, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../../src/engine/random.js';
import { PyramidHead, type PyramidOptions } from '../../../../src/models/heads/pyramid/pyramid.js';
import type { Pass } from '../../../../src/models/layers/layer.js';
import { Parameters } from '../../../../src/models/parameters.js';
import { disposeGradients, lossAndGradients } from '../../../../src/train/gradients.js';
import { assertClose, seeded } from '../../../support/numeric.js';

await startEngine();

const small: PyramidOptions = {
  features: 6,
  classes: 3,
  blocks: 'attention',
  width: 8,
  heads: 2,
  levels: 4,
  stem: 1,
  window: 5,
  headLayers: 2,
  dropPath: 0,
  dropout: 0,
  overlap: true,
  centreRadius: 1.5,
  labelSmoothing: 0,
  lossWeight: 1,
  normalizer: 5,
};
const all = { peaks: true, minScore: 0.001, candidates: 2000 };
const instances = [
  { start: 0.1, end: 0.3, label: 1 },
  { start: 0.2, end: 0.8, label: 2 },
];

/** Parameters for which every part matters: scales of branches are initially near 0. */
function someParameters(head: PyramidHead): Parameters {
  const parameters = new Parameters(head.parameters, randomStream(5, 'pyramid'));
  for (const { name, shape } of parameters.specs)
    if (/scale[12]$/.test(name)) parameters.assign(name, tf.fill(shape, 0.7));
  return parameters;
}

const variants: Record<string, PyramidOptions> = {
  'attention in windows': small,
  'attention over all': { ...small, window: -1 },
  convolutions: { ...small, blocks: 'conv' },
};

for (const [name, options] of Object.entries(variants)) {
  describe(`the pyramid of ${name}`, () => {
    const head = new PyramidHead(options);
    const parameters = someParameters(head);
    const pass: Pass = { parameters, normalization: 'running' };
    after(() => {
      parameters.dispose();
    });
    const propose = (x: tf.Tensor3D, valid = x.shape[1]) => head.propose(x, valid, pass, all);

    it('takes any length, and what is behind the video changes nothing', () => {
      for (const valid of [1, 2, 13, 16, 31]) {
        const x = seeded<tf.Rank.R3>([1, valid, 6], 'features', -2, 2);
        const padded = tf.pad<tf.Tensor3D>(x, [[0, 0], [0, 40 - valid], [0, 0]]); // prettier-ignore
        const alone = propose(x);
        const behind = propose(padded, valid);
        const order = (proposals: typeof alone, snippets: number) =>
          proposals.flatMap(({ start, end, score, label }) => [start * snippets, end * snippets, score, label!]);
        assert.ok(alone.length > 0);
        assertClose(order(behind, 40), order(alone, valid), 1e-4, `${valid} snippets`);
        tf.dispose([x, padded]);
      }
    });

    it('keeps the items of a batch apart', () => {
      const valid = [21, 9, 14];
      const x = tf.tidy(() => {
        const there = tf.tensor2d(valid.map((n) => Array.from({ length: 21 }, (_, t) => (t < n ? 1 : 0))));
        return tf.mul<tf.Tensor3D>(seeded<tf.Rank.R3>([3, 21, 6], 'features', -2, 2), tf.expandDims(there, 2));
      });
      const logits = (features: tf.Tensor3D, valid: number[]) =>
        tf.tidy(() => head.apply({ features, valid }, pass).logits.arraySync());
      const all = logits(x, valid);
      valid.forEach((n, item) => {
        const [alone] = logits(
          tf.tidy(() => tf.keep(tf.slice(x, [item, 0, 0], [1, -1, -1]))),
          [n],
        );
        assertClose(all[item]!.slice(0, n).flat(), alone!.slice(0, n).flat(), 1e-5, `item ${item}`);
      });
    });

    it('teaches every parameter, and leaves no tensor behind', () => {
      const x = seeded<tf.Rank.R3>([2, 29, 6], 'features', -2, 2);
      const targets = [head.targets(instances, 29, 29), head.targets(instances, 29, 20)];
      const means: number[] = [];
      const training: Pass = { ...pass, onMean: (_, mean) => means.push(mean.dataSync()[0]!) };
      const alive = () => tf.memory().numTensors + nativeTensorCount();
      const before = alive();
      const { total, terms, gradients } = lossAndGradients(
        () => head.loss({ features: x, valid: [29, 20] }, targets, training, randomStream(1)),
        new Map([['head', parameters]]),
      );
      assert.ok(Math.abs(total - terms['cls']! - terms['reg']!) < 1e-5);
      assert.deepEqual(means, [(targets[0]!.positives.length + targets[1]!.positives.length) / 2]);
      for (const [name, gradient] of gradients.get('head')!) {
        // A value added to every key adds the same to all scores of a query, so this gradient is 0.
        if (/key\.(linear|norm)\.bias$/.test(name)) continue;
        assert.ok(
          gradient.dataSync().some((g) => Math.abs(g) > 1e-9),
          name,
        );
      }
      assert.equal(gradients.get('head')!.has('normalizer'), false);
      disposeGradients(gradients);
      assert.equal(alive(), before);
      propose(tf.tidy(() => tf.keep(tf.slice(x, [0, 0, 0], [1, -1, -1]))));
      assert.equal(alive(), before + 1);
    });
  });
}

describe('chance in the pyramid', () => {
  const x = seeded<tf.Rank.R3>([2, 16, 6], 'features', -2, 2);
  const loss = (options: PyramidOptions, seed: number) => {
    const head = new PyramidHead(options);
    const parameters = someParameters(head);
    const targets = [0, 1].map(() => head.targets(instances, 16, 16));
    const pass: Pass = { parameters, normalization: 'running' };
    const { total } = tf.tidy(() => {
      const { total } = head.loss({ features: x, valid: [16, 16] }, targets, pass, randomStream(seed));
      return { total: total.dataSync()[0]! };
    });
    parameters.dispose();
    return total;
  };

  for (const [what, options] of Object.entries({
    'drop path': { ...small, dropPath: 0.5 },
    dropout: { ...small, dropout: 0.5 },
  })) {
    it(`${what} comes from its stream alone, and means the whole`, () => {
      assert.equal(loss(options, 3), loss(options, 3));
      const different = new Set([1, 2, 3, 4, 5].map((seed) => loss(options, seed)));
      assert.ok(different.size > 1);
      assert.equal(new Set([1, 2, 3].map((seed) => loss(small, seed))).size, 1);
    });
  }

  it('is none in proposing', () => {
    const one = tf.tidy(() => tf.keep(tf.slice(x, [0, 0, 0], [1, -1, -1])));
    const proposals = (options: PyramidOptions) => {
      const head = new PyramidHead(options);
      const parameters = someParameters(head);
      const found = head.propose(one, 16, { parameters, normalization: 'running' }, all);
      parameters.dispose();
      return found;
    };
    assert.deepEqual(proposals({ ...small, dropPath: 0.5, dropout: 0.5 }), proposals(small));
  });
});

test('it learns: a few steps on one item find its instances', () => {
  const options = { ...small, width: 16, levels: 3, normalizer: 4 };
  const head = new PyramidHead(options);
  const parameters = new Parameters(head.parameters, randomStream(2, 'learns'));
  const snippets = 32;
  // Channel c is 1 inside instances of class c.
  const list = [
    { start: 0.125, end: 0.375, label: 0 },
    { start: 0.5, end: 0.9375, label: 2 },
  ];
  const values = new Float32Array(snippets * 6);
  for (const { start, end, label } of list)
    for (let t = start * snippets; t < end * snippets; t++) values[t * 6 + label] = 1;
  const x = tf.tensor3d(values, [1, snippets, 6]);
  const pass: Pass = { parameters, normalization: 'running' };
  const targets = [head.targets(list, snippets, snippets)];
  const optimizer = new Map<string, { mean: tf.Tensor; square: tf.Tensor }>();
  for (let step = 1; step <= 50; step++) {
    const { gradients } = lossAndGradients(
      () => head.loss({ features: x, valid: [snippets] }, targets, pass, randomStream(1, step)),
      new Map([['head', parameters]]),
    );
    // Adam, by hand.
    for (const [name, g] of gradients.get('head')!) {
      const before = optimizer.get(name);
      const { mean, square, value } = tf.tidy(() => {
        const mean = tf.add(tf.mul(before?.mean ?? tf.zerosLike(g), 0.9), tf.mul(g, 0.1));
        const square = tf.add(tf.mul(before?.square ?? tf.zerosLike(g), 0.99), tf.mul(tf.square(g), 0.01));
        const unbiased = tf.sqrt(tf.div(square, 1 - 0.99 ** step));
        const by = tf.div(tf.div(mean, 1 - 0.9 ** step), tf.add(unbiased, 1e-8));
        return { mean, square, value: tf.sub(parameters.get(name), tf.mul(by, 0.02)) };
      });
      tf.dispose(before ? [before.mean, before.square] : []);
      optimizer.set(name, { mean, square });
      parameters.assign(name, value);
    }
    disposeGradients(gradients);
  }
  const best = head.propose(x, snippets, pass, all);
  for (const { start, end, label } of list) {
    const found = best.filter((proposal) => proposal.label === label)[0]!;
    assert.ok(Math.abs(found.start - start) * snippets < 1, `${found.start} for ${start}`);
    assert.ok(Math.abs(found.end - end) * snippets < 1, `${found.end} for ${end}`);
    assert.ok(found.score > 0.3);
  }
});
