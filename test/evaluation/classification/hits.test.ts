import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import {
  classifierScores,
  confusionMatrix,
  hitRate,
  meanScores,
  softmax,
  type Classified,
} from '../../../src/evaluation/classification/hits.js';
import { topAccuracy } from '../../../src/train/accuracy.js';
import { assertClose } from '../../support/numeric.js';

const item = (scores: number[], ...labels: number[]): Classified => ({ scores, labels });

test('Hit@k by hand', () => {
  const items = [item([0.5, 0.3, 0.2], 0), item([0.5, 0.3, 0.2], 1), item([0.5, 0.3, 0.2], 2)];
  assert.deepEqual(
    [1, 2, 3].map((k) => hitRate(items, k)),
    [1 / 3, 2 / 3, 1],
  );
  assert.ok(Number.isNaN(hitRate([], 1)));
});

test('of several true labels one is enough, and they do not stand in each other’s way', () => {
  assert.equal(hitRate([item([0.1, 0.6, 0.3], 0, 1)], 1), 1);
  assert.equal(hitRate([item([0.1, 0.3, 0.6], 0, 1)], 1), 0);
  // Two true labels with the same score are no tie between right and wrong.
  assert.equal(hitRate([item([0.4, 0.4, 0.2], 0, 1)], 1), 1);
});

test('a tie with a wrong class counts against, and so does a score that is no number', () => {
  const even = item([0.25, 0.25, 0.25, 0.25], 2);
  assert.deepEqual(
    [1, 3, 4].map((k) => hitRate([even], k)),
    [0, 0, 1],
  );
  assert.equal(hitRate([item([NaN, 0.9], 1)], 1), 0);
  assert.equal(hitRate([item([0.9, NaN], 1)], 1), 0);
});

test('with one label each it is the accuracy of stage 1, for any scores and ties', () => {
  const random = randomStream(1, 'hits');
  const items = Array.from({ length: 300 }, () =>
    item(
      Array.from({ length: 6 }, () => random.below(4)),
      random.below(6),
    ),
  );
  for (const k of [1, 2, 5]) {
    const expected = topAccuracy(
      items.map(({ scores }) => scores),
      items.flatMap(({ labels }) => labels),
      k,
    );
    assert.ok(expected > 0 && expected < 1);
    assert.equal(hitRate(items, k), expected);
  }
});

test('confusion by hand: rows are true classes, columns what they were taken for', () => {
  const items = [item([3, 1, 0], 0), item([1, 3, 0], 0), item([0, 1, 3], 1), item([0, 3, 1], 1)];
  assert.deepEqual(confusionMatrix(items, 3), [
    [1, 1, 0],
    [0, 1, 1],
    [0, 0, 0],
  ]);
  // The row of several labels is the best of them.
  assert.deepEqual(confusionMatrix([item([1, 2, 3], 0, 1)], 3)[1], [0, 0, 1]);
  assert.deepEqual(confusionMatrix([item([1, 3, 2], 0, 1)], 3)[1], [0, 1, 0]);
  // A tie goes to a wrong class, and a score that is no number is not the best of several.
  assert.deepEqual(confusionMatrix([item([2, 2, 0], 0)], 3)[0], [0, 1, 0]);
  assert.deepEqual(confusionMatrix([item([1, NaN, 0], 1)], 3)[1], [1, 0, 0]);
});

test('the diagonal’s share is Hit@1, and every item counts once, with ties and several labels', () => {
  const random = randomStream(2, 'hits');
  const items = Array.from({ length: 200 }, () =>
    item(
      Array.from({ length: 5 }, () => random.below(3)),
      ...new Set([random.below(5), random.below(5)]),
    ),
  );
  const matrix = confusionMatrix(items, 5);
  const diagonal = matrix.reduce((sum, row, i) => sum + row[i]!, 0);
  assert.equal(
    matrix.flat().reduce((a, b) => a + b, 0),
    items.length,
  );
  assert.ok(diagonal > 20);
  assert.equal(diagonal / items.length, hitRate(items, 1));
});

test('a video is the mean of its clips: one sure clip outweighs two unsure ones, in any order', () => {
  const clips = [item([0.9, 0.1], 0), item([0.4, 0.6], 0), item([0.45, 0.55], 0)];
  const scores = classifierScores([{ labels: [0], clips }], 2);
  assert.deepEqual(scores, {
    clip: { hit1: 1 / 3, hit3: 1, hit5: 1 },
    video: { hit1: 1, hit3: 1, hit5: 1 },
    confusion: [
      [1, 0],
      [0, 0],
    ],
  });
  assert.deepEqual(classifierScores([{ labels: [0], clips: [...clips].reverse() }], 2), scores);
});

test('means and softmax: chances, also of large logits', () => {
  assert.deepEqual(
    [
      ...meanScores([
        [1, 2],
        [3, 6],
      ]),
    ],
    [2, 4],
  );
  assertClose(softmax([0, Math.log(3)]), [0.25, 0.75], 1e-15);
  assertClose(softmax([1000, 1000 + Math.log(3)]), [0.25, 0.75], 1e-12);
});
