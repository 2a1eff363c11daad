import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchors } from '../../../../src/models/heads/gtad/anchors.js';
import { labels, type Span } from '../../../../src/models/heads/gtad/labels.js';
import { assertClose } from '../../../support/numeric.js';

const list = anchors(10);
const of = (...instances: Span[]) => labels(instances, 10, list);

test('the example of docs/method.md §7.5', () => {
  const { overlap, start, end } = of([0.3, 0.62]);
  assertClose(start, [0, 0.5, 1, 1, 0.5, 0, 0, 0, 0, 0], 1e-6);
  assertClose(end, [0, 0, 0, 0, 0.4, 0.9, 1, 0.6, 0.1, 0], 1e-6);
  const best = overlap.indexOf(Math.max(...overlap));
  assert.deepEqual(list[best], { start: 3, duration: 2 });
  assert.ok(Math.abs(overlap[best]! - 0.9375) < 1e-6);
  assert.equal(overlap.filter((value) => value > 0.9).length, 1);
  assert.equal(overlap.filter((value) => value > 0.7).length, 3);
});

test('several instances: the better one counts, each for itself', () => {
  const [one, two, both] = [of([0.1, 0.3]), of([0.25, 0.8]), of([0.1, 0.3], [0.25, 0.8])];
  for (const part of ['overlap', 'start', 'end'] as const) {
    both[part].forEach((value, i) => {
      assert.equal(value, Math.max(one[part][i]!, two[part][i]!));
    });
  }
});

test('no instance: nothing is positive', () => {
  const { overlap, start, end } = of();
  for (const part of [overlap, start, end]) assert.ok(part.every((value) => value === 0));
});

test('an instance of the whole video, and one without length', () => {
  const whole = of([0, 1]);
  assert.equal(whole.overlap.at(-1), 1);
  assertClose(whole.start, [1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0], 1e-6);
  assertClose(whole.end, [0, 0, 0, 0, 0, 0, 0, 0, 0.5, 1], 1e-6);
  const point = of([0.45, 0.45]);
  assert.ok(point.overlap.every((value) => value === 0));
  assert.ok(point.start.some((value) => value > 0.5));
});
