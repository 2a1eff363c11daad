import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Video } from '../../src/data/dataset.js';
import { anchors } from '../../src/models/heads/gtad/anchors.js';
import { labels } from '../../src/models/heads/gtad/labels.js';
import { spans, videoLabels } from '../../src/stages/targets.js';

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

test('instances as fractions of the duration, cut to the video, in their order', () => {
  assert.deepEqual(spans(video), [
    [0.25, 0.5],
    [0, 0.1],
    [0.9, 1],
  ]);
  assert.deepEqual(spans({ ...video, instances: [] }), []);
});

test('labels of a video are those of its spans', () => {
  const list = anchors(8);
  assert.deepEqual(videoLabels(video, 8, list), labels(spans(video), 8, list));
});
