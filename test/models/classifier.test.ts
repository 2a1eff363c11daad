import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Classifier, crossEntropies, meanLoss, mixedCrossEntropies } from '../../src/models/classifier.js';
import type { Pass } from '../../src/models/layers/layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { assertClose, assertGradients } from '../support/numeric.js';

await startEngine();

const crossEntropy = (logits: tf.Tensor2D, classes: number[]) => meanLoss(crossEntropies(logits, classes)).total;
const mixedCrossEntropy = (logits: tf.Tensor2D, classes: number[], others: number[], shares: number[]) =>
  meanLoss(mixedCrossEntropies(logits, classes, others, shares)).total;

test('logits by hand: features are standardised first', () => {
  const classifier = new Classifier(2, 3, 0.01);
  const parameters = new Parameters(classifier.parameters, randomStream(1));
  const pass: Pass = { parameters, normalization: 'running' };
  parameters.assign('fc.weight', tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]));
  parameters.assign('fc.bias', tf.tensor1d([0.5, 0, -0.5]));
  const x = tf.tensor2d([5, 1], [1, 2]);
  assertClose(classifier.logits(x, pass).dataSync(), [9.5, 15, 20.5], 1e-6);
  parameters.assign('mean', tf.tensor1d([3, 0]));
  parameters.assign('deviation', tf.tensor1d([2, 0.5]));
  // The standardised features are (1, 2).
  assertClose(classifier.logits(x, pass).dataSync(), [9.5, 12, 14.5], 1e-6);
  assert.deepEqual(parameters.trainable(), ['fc.weight', 'fc.bias']);
});

test("it begins as TSM's does: weights of the deviation asked for, a bias of 0", () => {
  const { parameters: specs } = new Classifier(500, 20, 0.001);
  const parameters = new Parameters(specs, randomStream(1));
  const weights = [...parameters.get('fc.weight').dataSync()];
  const deviation = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
  assert.ok(Math.abs(deviation - 0.001) < 5e-5, String(deviation));
  assert.deepEqual([...parameters.get('fc.bias').dataSync()], new Array(20).fill(0));
});

test('dropout: none for inference, the same for the same seed, the mean unchanged', () => {
  const classifier = new Classifier(4000, 1, 0.01);
  const parameters = new Parameters(classifier.parameters, randomStream(1));
  const pass: Pass = { parameters, normalization: 'running' };
  parameters.assign('fc.weight', tf.ones([4000, 1]));
  parameters.assign('fc.bias', tf.zeros([1]));
  const x = tf.ones<tf.Rank.R2>([1, 4000]);
  const logit = (dropout?: number, seed?: number) => classifier.logits(x, pass, dropout, seed).dataSync()[0]!;
  assert.equal(logit(), 4000);
  assert.equal(logit(0.5, 3), logit(0.5, 3));
  assert.notEqual(logit(0.5, 3), logit(0.5, 4));
  // 4000 draws of 0 or 2 have the standard error √4000.
  assert.ok(Math.abs(logit(0.5, 3) - 4000) < 5 * Math.sqrt(4000));
});

test('cross-entropy by hand, finite where logits are large, and its gradient', () => {
  const logits = tf.tensor2d([0, Math.log(3), 1000, 0], [2, 2]);
  // -log(3/4) and 1000.
  assertClose(crossEntropy(logits, [1, 1]).dataSync(), [(Math.log(4 / 3) + 1000) / 2], 1e-6);
  assertClose(crossEntropy(logits, [1, 0]).dataSync(), [Math.log(4 / 3) / 2], 1e-5);
  const small = tf.tensor2d([0.1, -0.3, 0.4, 0.2, 0, -1], [2, 3]);
  assertGradients((a) => crossEntropy(a as tf.Tensor2D, [2, 0]), [small]);
});

test("mixup's loss by hand: of both classes by their shares; one's own alone is the plain one", () => {
  const logits = tf.tensor2d([0, Math.log(3), 0, Math.log(7)], [2, 2]);
  // Probabilities 1/4, 3/4 and 1/8, 7/8.
  const [first, second] = [0.3 * Math.log(4) + 0.7 * Math.log(4 / 3), 0.9 * Math.log(8 / 7) + 0.1 * Math.log(8)];
  const loss = (shares: number[]) => mixedCrossEntropy(logits, [0, 1], [1, 0], shares).dataSync()[0]!;
  assertClose([loss([0.3, 0.9])], [(first + second) / 2], 1e-6);
  assertClose([loss([1, 1])], [...crossEntropy(logits, [0, 1]).dataSync()], 1e-6);
  const small = tf.tensor2d([0.1, -0.3, 0.4, 0.2, 0, -1], [2, 3]);
  assertGradients((a) => mixedCrossEntropy(a as tf.Tensor2D, [2, 0], [1, 1], [0.4, 0.8]), [small]);
});

test('of a single class every row has the loss 0, and mixup too, and nothing is to be learnt', () => {
  const logits = tf.tensor2d([3, -7], [2, 1]);
  assertClose(crossEntropies(logits, [0, 0]).dataSync(), [0, 0], 0);
  assertClose(mixedCrossEntropies(logits, [0, 0], [0, 0], [0.25, 1]).dataSync(), [0, 0], 0);
  assertClose(
    tf
      .grad((x) => crossEntropy(x as tf.Tensor2D, [0, 0]))(logits)
      .dataSync(),
    [0, 0],
    0,
  );
});
