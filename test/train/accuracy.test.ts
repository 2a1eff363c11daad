import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topAccuracy } from '../../src/train/accuracy.js';

test('by hand: how many rows have their label among the k largest', () => {
  const scores = [
    [0.1, 0.7, 0.2],
    [3, -1, 2],
    [-5, -4, -6],
    [0, 1, 2],
  ];
  const labels = [1, 2, 2, 0];
  assert.equal(topAccuracy(scores, labels, 1), 1 / 4);
  assert.equal(topAccuracy(scores, labels, 2), 2 / 4);
  assert.equal(topAccuracy(scores, labels, 3), 1);
  // Fewer classes than k.
  assert.equal(topAccuracy(scores, labels, 5), 1);
});

test('a tie and what is no number are lost', () => {
  assert.equal(topAccuracy([[1, 1, 0]], [0], 1), 0);
  assert.equal(topAccuracy([[1, 1, 0]], [0], 2), 1);
  assert.equal(topAccuracy([[NaN, NaN, NaN]], [0], 1), 0);
  assert.equal(topAccuracy([[1, NaN, 0]], [0], 1), 0);
});
