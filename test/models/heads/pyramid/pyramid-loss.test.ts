import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { rowsOf } from '../../../../src/models/heads/pyramid/branches.js';
import { pyramidLevels } from '../../../../src/models/heads/pyramid/levels.js';
import { lossTargets, pyramidLoss, type PyramidTargets } from '../../../../src/models/heads/pyramid/pyramid-loss.js';
import { assertClose } from '../../../support/numeric.js';

await startEngine();

const levels = pyramidLevels({ levels: 2, overlap: true });
/** Four snippets: rows 0 to 3, a gap, and rows 5 and 6. */
const rows = rowsOf(4, 2);
const none: PyramidTargets = { valid: 3, positives: [] };
const one: PyramidTargets = {
  valid: 4,
  positives: [
    { level: 0, index: 2, labels: [1], before: 1, after: 2 },
    { level: 1, index: 1, labels: [0, 1], before: 0.5, after: 1 },
  ],
};

test('targets lie in the rows of their locations; what is not video weighs nothing', () => {
  assert.deepEqual(rows, { first: [0, 5], count: 7 });
  const targets = lossTargets([none, one], rows, levels, { classes: 2, labelSmoothing: 0 });
  assert.deepEqual([...targets.locations], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1]);
  assert.deepEqual(targets.places.slice(0, 3), [
    { item: 1, level: 0, row: 2 },
    { item: 1, level: 1, row: 6 },
    { item: 1, level: 1, row: 6 },
  ]);
  assert.equal(targets.places.length, 32);
  assert.deepEqual([...targets.weights], [1, 1, ...Array<number>(30).fill(0)]);
  assert.deepEqual([...targets.classes.slice(2 * 9, 2 * 9 + 2)], [0, 1]);
  assert.deepEqual([...targets.classes.slice(2 * 13)], [1, 1]);
  assert.deepEqual([...targets.offsets.slice(0, 6)], [1, 2, 0.5, 1, 1, 1]);
  assert.equal(
    targets.classes.reduce((a, b) => a + b),
    3,
  );
});

test('a batch without instances has places too, which weigh nothing', () => {
  const targets = lossTargets([none], rows, levels, { classes: 2, labelSmoothing: 0 });
  assert.equal(targets.places.length, 32);
  const output = { logits: tf.zeros<tf.Rank.R3>([1, 7, 2]), offsets: tf.fill<tf.Rank.R2>([32, 2], 9) };
  const { total, cls, reg } = pyramidLoss(output, targets, tf.tensor1d([5]), 1);
  assert.deepEqual([...reg.dataSync()], [0]);
  assertClose(total.dataSync(), cls.dataSync(), 1e-7);
});

test('label smoothing spreads a share over the classes and the background', () => {
  const targets = lossTargets([one], rows, levels, { classes: 2, labelSmoothing: 0.3 });
  assertClose(targets.classes.slice(0, 2), [0.1, 0.1], 1e-6);
  assertClose(targets.classes.slice(4, 6), [0.1, 0.8], 1e-6);
});

test('the loss by hand: sums over locations by the normaliser and the items, at least 1 positive an item', () => {
  // p is ½ everywhere: ¾·¼·log 2 of each negative, ¼·¼·log 2 of each positive.
  const entropy = Math.log(2) / 4;
  const sum = (negatives: number, positives: number) => entropy * (0.75 * negatives + 0.25 * positives);
  // Offsets 1 and 1: 2 of 3 snippets shared, middles ½ apart. Offsets ½ and 1 against 1 and
  // 1: ¾ shared, middles ¼ apart.
  const reg = 1 - 2 / 3 + (0.5 / 3) ** 2 + 1 - 1.5 / 2 + (0.25 / 2) ** 2;
  const cls = sum(10 + 12 - 3, 3);
  const output = { logits: tf.zeros<tf.Rank.R3>([2, 7, 2]), offsets: tf.ones<tf.Rank.R2>([32, 2]) };
  const targets = lossTargets([none, one], rows, levels, { classes: 2, labelSmoothing: 0 });
  for (const [normalizer, divisor] of [
    [5, 10],
    [0.25, 2],
  ] as const) {
    const loss = pyramidLoss(output, targets, tf.tensor1d([normalizer]), 0.5);
    assertClose(loss.cls.dataSync(), [cls / divisor], 1e-6);
    assertClose(loss.reg.dataSync(), [reg / divisor], 1e-6);
    assertClose(loss.total.dataSync(), [(cls + 0.5 * reg) / divisor], 1e-6);
  }
});
