import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backgroundClips } from '../../src/data/background-clips.js';
import type { Video } from '../../src/data/dataset.js';

const video = (id: string, duration: number, spans: [number, number][]): Video => ({
  id,
  subset: 'training',
  path: `/${id}.mp4`,
  duration,
  fps: 10,
  frames: duration * 10,
  width: 8,
  height: 8,
  instances: spans.map(([start, end]) => ({ start, end, label: 'fall' })),
});

const frames = (...videos: Video[]) =>
  backgroundClips(videos, 'training', 'no fall').map(({ path, label, frames: { from, count } }) => {
    assert.equal(label, 'no fall');
    return [path, from, from + count];
  });

test('the stretches outside all actions, at least as long as the shortest action', () => {
  // Actions overlap, touch, and come in any order. The gap from 9 to 9.5 s is shorter than the shortest action, 1 s.
  const many = video('a', 12, [
    [9.5, 10.5],
    [2, 4],
    [3, 6],
    [6, 9],
  ]);
  assert.deepEqual(frames(many), [
    ['/a.mp4', 0, 20],
    ['/a.mp4', 105, 120],
  ]);
});

test('a video without actions is one stretch, however short; one that is all action has none', () => {
  const none = video('none', 2, []);
  const all = video('all', 5, [[0, 5]]);
  assert.deepEqual(frames(none, all), [['/none.mp4', 0, 20]]);
  assert.deepEqual(frames(all), []);
});
