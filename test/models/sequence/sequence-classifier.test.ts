import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { Parameters } from '../../../src/models/parameters.js';
import { SequenceAutoencoder } from '../../../src/models/sequence/sequence-autoencoder.js';
import { blocksOf, SequenceClassifier } from '../../../src/models/sequence/sequence-classifier.js';
import { assertClose, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const options = { channels: 3, units: 4, layers: 2, classes: 3 };

function classifierOf() {
  const classifier = new SequenceClassifier(options);
  const parameters = new Parameters(classifier.parameters, randomStream(0, 'classifier'));
  return { classifier, parameters, pass: { parameters, normalization: 'running' as const } };
}

describe('blocks of a sequence', () => {
  it('are 16 frames long, every 8 frames, and within the sequence', () => {
    const counts = [1, 15, 16, 23, 24, 31, 32, 100].map((n) => blocksOf(n).length);
    assert.deepEqual(counts, [1, 1, 1, 1, 2, 2, 3, 11]);
    assert.deepEqual(
      blocksOf(24)[1],
      Array.from({ length: 16 }, (_, i) => 8 + i),
    );
    for (const n of [16, 23, 40])
      assert.ok(
        blocksOf(n)
          .flat()
          .every((frame) => frame < n),
      );
  });

  it('repeat the last frame of a short one', () => {
    assert.deepEqual(blocksOf(3), [[0, 1, ...new Array<number>(14).fill(2)]]);
    assert.throws(() => blocksOf(0), RangeError);
  });
});

describe('a classifier of sequences', () => {
  it('loses the sum of the cross-entropies of all steps of each item', () => {
    const { classifier, pass } = classifierOf();
    const x = seeded<tf.Rank.R3>([5, 2, 3], 'x');
    const classes = [2, 0];
    const p = tf.softmax(classifier.logits(x, pass)).arraySync();
    const each = classes.map((label, item) => p.reduce((sum, step) => sum - Math.log(step[item]![label]!), 0));
    assertClose(classifier.losses(x, classes, pass).dataSync(), each, 1e-5);
  });

  it('names the mean of the softmaxes of all steps of all blocks', () => {
    const { classifier, pass } = classifierOf();
    const features = seeded<tf.Rank.R2>([24, 3], 'features');
    const blocks = [0, 8].map((from) => tf.reshape<tf.Rank.R3>(tf.slice(features, [from, 0], [16, 3]), [16, 1, 3]));
    const expected = tf.mean(tf.concat(blocks.map((block) => tf.softmax(classifier.logits(block, pass)))), [0, 1]);
    const spans = [{ first: 0, count: 24 }, { first: 3, count: 2 }]; // prettier-ignore
    const short = tf.gather(features, [3, ...new Array<number>(15).fill(4)]);
    const found = classifier.probabilities(features, spans, pass);
    assertClose(found.slice(0, 3), expected.dataSync(), 1e-6);
    assertClose(found.slice(3), classifier.probabilities(short, [{ first: 0, count: 16 }], pass), 1e-6);
    assert.equal(classifier.probabilities(features, [], pass).length, 0);
    assertLeavesNothing(() => tf.tensor1d(classifier.probabilities(features, spans, pass)));
  });

  it('drops only in passes with a seed, the same for the same seed', () => {
    const { classifier, pass } = classifierOf();
    const x = seeded<tf.Rank.R3>([5, 2, 3], 'x');
    const logits = (dropoutSeed?: number) =>
      Array.from(classifier.logits(x, dropoutSeed === undefined ? pass : { ...pass, dropoutSeed }, 0.5).dataSync());
    assert.deepEqual(logits(3), logits(3));
    assert.notDeepEqual(logits(3), logits(4));
    assert.deepEqual(logits(), Array.from(classifier.logits(x, pass).dataSync()));
  });

  it('can start from the encoder of a model without labels', () => {
    const other = { model: 'composite', conditional: false, copyInitState: false, values: 'real' } as const;
    const encoder = new SequenceAutoencoder({ ...options, ...other }).parameters.filter(({ name }) =>
      name.startsWith('encoder.'),
    );
    const own = new SequenceClassifier(options).parameters.filter(({ name }) => name.startsWith('encoder.'));
    assert.ok(own.length > 0);
    assert.deepEqual(own, encoder);
  });
});
