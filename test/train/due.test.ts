import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Due } from '../../src/train/due.js';

test('a checkpoint is due by steps, and by minutes since the last', () => {
  let now = 0;
  const due = new Due({ steps: 10, minutes: 2 }, () => now);
  assert.deepEqual(
    [1, 9, 10, 11, 20].filter((step) => due.is(step)),
    [10, 20],
  );
  now = 119_999;
  assert.ok(!due.is(1));
  now = 120_000;
  assert.ok(due.is(1));
  due.done();
  assert.ok(!due.is(1));
  now = 240_000;
  assert.ok(due.is(1));
});

test('without a number of steps, by time alone', () => {
  let now = 0;
  const due = new Due({ steps: null, minutes: 1 }, () => now);
  assert.ok(!due.is(100));
  now = 60_000;
  assert.ok(due.is(100));
});
