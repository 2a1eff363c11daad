import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Video } from '../../../src/data/dataset.js';
import { headInstances } from '../../../src/stages/training/targets.js';

const video: Video = {
  id: 'v',
  subset: 'training',
  path: '/v.mp4',
  duration: 20,
  fps: 10,
  frames: 200,
  width: 64,
  height: 48,
  instances: [
    { start: 5, end: 10, label: 'b' },
    { start: -1, end: 2, label: 'a' },
    { start: 18, end: 21, label: 'a' },
  ],
};

test('instances as fractions of the duration, cut to the video, in their order, with class numbers', () => {
  assert.deepEqual(headInstances(video, null, ['a', 'b']), [
    { start: 0.25, end: 0.5, label: 1 },
    { start: 0, end: 0.1, label: 0 },
    { start: 0.9, end: 1, label: 0 },
  ]);
  assert.deepEqual(headInstances({ ...video, instances: [] }, null, ['a', 'b']), []);
});
