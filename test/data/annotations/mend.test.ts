import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../../src/data/dataset.js';
import { mendInstances } from '../../../src/data/annotations/mend.js';

function mend(duration: number, ...instances: [number, number, string?][]) {
  const given = instances.map(([start, end, label = 'x']): Instance => ({ start, end, label }));
  const { instances: mended, warnings } = mendInstances(given, duration);
  return { mended: mended.map(({ start, end }) => [start, end]), warnings: warnings.map(({ text }) => text) };
}

test('what has no length, or lies outside, is dropped', () => {
  const { mended, warnings } = mend(10, [1, 2], [3, 3], [5, 4, 'a "b"'], [10, 11], [-2, -1], [-1, 0], [0, 10]);
  assert.deepEqual(mended, [
    [1, 2],
    [0, 10],
  ]);
  assert.deepEqual(warnings, [
    '"x" [3, 3] s dropped: it ends when it starts: write an end after its start',
    '"a \\"b\\"" [5, 4] s dropped: its end is not after its start',
    '"x" [10, 11] s dropped: it lies outside the video',
    '"x" [-2, -1] s dropped: it lies outside the video',
    '"x" [-1, 0] s dropped: it lies outside the video',
  ]);
});

test('what reaches beyond an end is clipped; rounding of annotations is not worth a word', () => {
  const { mended, warnings } = mend(10.00049, [0, 10.04], [-0.04, 1], [-0.5, 2], [9, 12.34567]);
  assert.deepEqual(mended, [
    [0, 10.00049],
    [0, 1],
    [0, 2],
    [9, 10.00049],
  ]);
  assert.deepEqual(warnings, [
    '"x" [-0.5, 2] s clipped to the video\'s 10 s',
    '"x" [9, 12.346] s clipped to the video\'s 10 s',
  ]);
});

test('of the same instance twice one stays; another label or a moment later is another instance', () => {
  const { mended, warnings } = mend(10, [1, 2], [1, 2, 'y'], [1, 2], [1, 2.001], [5, 11], [5, 12]);
  assert.deepEqual(mended, [
    [1, 2],
    [1, 2],
    [1, 2.001],
    [5, 10],
  ]);
  assert.deepEqual(warnings.slice(0, 1), ['"x" [1, 2] s dropped: it repeats another instance']);
  assert.deepEqual(warnings.slice(2), ['"x" [5, 12] s dropped: it repeats another instance']);
});

test('where the duration is not known nothing is beyond it', () => {
  assert.deepEqual(mend(0, [5, 1e9]), { mended: [[5, 1e9]], warnings: [] });
});

test('before the picture begins there is nothing to see', () => {
  const instances = [
    { start: 1, end: 4, label: 'before' },
    { start: 4, end: 7, label: 'cut' },
    { start: 4.98, end: 6, label: 'rounded' },
  ];
  const mended = mendInstances(instances, 20, 5);
  assert.deepEqual(mended.instances, [
    { start: 5, end: 7, label: 'cut' },
    { start: 5, end: 6, label: 'rounded' },
  ]);
  assert.deepEqual(
    mended.warnings.map(({ kind }) => kind),
    ['instances outside their video', 'clipped instances'],
  );
});
