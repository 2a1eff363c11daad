import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalLabels, normalizedScores } from '../../src/evaluation/external-labels.js';

const proposals = [
  { start: 0, end: 0.5, score: 0.5 },
  { start: 0.25, end: 1, score: 0.25 },
];
const scores = [
  { label: 'run', score: 0.25 },
  { label: 'jump', score: 0.5 },
  { label: 'sit', score: 0.125 },
];

test('each proposal under the best labels of the video, scored by both', () => {
  assert.deepEqual(externalLabels(proposals, scores, 2), [
    { start: 0, end: 0.5, score: 0.25, label: 'jump' },
    { start: 0, end: 0.5, score: 0.125, label: 'run' },
    { start: 0.25, end: 1, score: 0.125, label: 'jump' },
    { start: 0.25, end: 1, score: 0.0625, label: 'run' },
  ]);
  assert.deepEqual(
    scores.map(({ label }) => label),
    ['run', 'jump', 'sit'],
    'the scores are left as they were',
  );
});

test('fewer labels than asked for, none, and ties', () => {
  assert.equal(externalLabels(proposals, scores, 9).length, 6);
  assert.deepEqual(externalLabels(proposals, [], 2), []);
  assert.deepEqual(externalLabels([], scores, 2), []);
  const tied = ['b', 'a'].map((label) => ({ label, score: 1 }));
  assert.equal(externalLabels(proposals.slice(0, 1), tied, 1)[0]!.label, 'b');
});

test('HACS: the better of two, by its part of their sum', () => {
  // The first video of the authors' file.
  const two = [
    { label: '133', score: 17.66696548461914 },
    { label: '49', score: 19.184181213378906 },
  ];
  const [found] = externalLabels(proposals, normalizedScores(two), 1);
  assert.equal(found!.label, '49');
  assert.ok(Math.abs(found!.score - 0.5 * (19.184181213378906 / 36.851146697998047)) < 1e-12);
  const none = [{ label: 'run', score: 0 }];
  assert.deepEqual(normalizedScores(none), none);
});
