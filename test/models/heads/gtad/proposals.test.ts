import assert from 'node:assert/strict';
import { test } from 'node:test';
import { softNms } from '../../../../src/evaluation/suppression/soft-nms.js';
import { anchors } from '../../../../src/models/heads/gtad/anchors.js';
import { proposals } from '../../../../src/models/heads/gtad/proposals.js';

/** A map whose anchor a has the overlaps (a + 1) / 100 and ½. */
const map = (snippets: number) => Float32Array.from(anchors(snippets).flatMap((_, a) => [(a + 1) / 100, 0.5]));
const find = (start: number[], end: number[]) =>
  proposals(
    { start: Float32Array.from(start), end: Float32Array.from(end), map: map(start.length) },
    anchors(start.length),
  );
const spans = (found: ReturnType<typeof find>, snippets: number) =>
  found.map(({ start, end }) => [Math.round(start * snippets), Math.round(end * snippets)]);

test('starts and ends: peaks, whatever exceeds half the maximum, and the ends of the video', () => {
  // Starts: 0 (always) and 2 (peak), but not 1 and 3. Ends: 4 (above half of 0.8), 3 (peak), 5 (always).
  const found = find([0.1, 0.2, 0.9, 0.3, 0.1, 0.9], [0.8, 0.1, 0.1, 0.2, 0.41, 0]);
  assert.deepEqual(spans(found, 6), [
    [2, 4],
    [2, 5],
    [0, 4],
    [0, 5],
  ]);
});

test('a small peak counts, a plateau below half the maximum does not', () => {
  const found = find([0, 0.1, 0, 0.05, 0.05, 0, 1, 0], [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(spans(found, 8), [
    [6, 7],
    [1, 7],
    [0, 7],
  ]);
});

test('nothing ends at the very end, everything scores by the product of both overlaps', () => {
  const found = find([1, 1, 1], [1, 1, 1]);
  assert.deepEqual(spans(found, 3), [
    [0, 1],
    [1, 2],
    [0, 2],
  ]);
  const float = (a: number) => Math.fround(a / 100) * 0.5;
  assert.deepEqual(
    found.map(({ score }) => score),
    [float(1), float(2), float(4)],
  );
});

test('without peaks: every anchor that does not end at the very end', () => {
  const output = { start: new Float32Array(4), end: new Float32Array(4), map: map(4) };
  const found = proposals(output, anchors(4), { peaks: false });
  assert.deepEqual(spans(found, 4), [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 2],
    [1, 3],
    [0, 3],
  ]);
});

test('the first Soft-NMS example of docs/method.md §7.8 from such proposals', () => {
  const list = [
    { start: 0, end: 0.5, score: 0.9 },
    { start: 0.1, end: 0.6, score: 0.8 },
    { start: 0.55, end: 0.9, score: 0.7 },
    { start: 0, end: 0.2, score: 0.3 },
  ];
  const kept = softNms(list, { sigma: 0.84, keep: 3 });
  assert.deepEqual(
    kept.map(({ score }) => Math.round(score * 1e5) / 1e5),
    [0.9, 0.7, 0.46912],
  );
});
