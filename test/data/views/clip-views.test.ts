import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeasuredClip } from '../../../src/data/measured-clips.js';
import { viewFrames, viewRequests, viewTransform } from '../../../src/data/views/clip-views.js';

const dense = { frames: 100, count: 4, stride: 8, mode: 'dense' } as const;
const uniform = { ...dense, mode: 'uniform' } as const;
const frames = (sampling: Parameters<typeof viewFrames>[0], i: number, n: number) => [
  ...viewFrames(sampling, { i, n }),
];

test('dense: ten evenly spaced windows from the first frame to the last (TSM: linspace(0, n - 64, 10))', () => {
  // A window of 32 in 100 frames begins at 0 to 68, every 7.56 frames.
  const begins = Array.from({ length: 10 }, (_, i) => frames(dense, i, 10)[0]);
  assert.deepEqual(begins, [0, 7, 15, 22, 30, 37, 45, 52, 60, 68]);
  assert.deepEqual(frames(dense, 9, 10), [68, 76, 84, 92]);
  assert.deepEqual(frames(dense, 0, 1), [34, 42, 50, 58]);
  // A clip shorter than a window has only one place for it, and wraps.
  assert.deepEqual(frames({ ...dense, frames: 20 }, 3, 10), [0, 8, 16, 4]);
});

test('uniform: of four parts of 25 frames, two evenly spaced frames each', () => {
  assert.deepEqual(frames(uniform, 0, 1), [12, 37, 62, 87]);
  assert.deepEqual(frames(uniform, 0, 2), [6, 31, 56, 81]);
  assert.deepEqual(frames(uniform, 1, 2), [18, 43, 68, 93]);
  assert.deepEqual(frames({ ...uniform, frames: 2 }, 1, 2), [0, 0, 1, 1]);
});

test('three crops: squares of the whole short side, at both ends and in the middle of the long one', () => {
  const crop = (width: number, height: number, i: number, n: number) =>
    viewTransform({ width, height }, 224, 'crop', { i, n }).crop;
  // The frame is 340x256 after scaling, which leaves 84 pixels of room.
  assert.deepEqual(
    [0, 1, 2].map((i) => crop(680, 512, i, 3)),
    [0, 42, 84].map((x) => ({ x, y: 0, width: 256, height: 256 })),
  );
  assert.deepEqual(
    [0, 1, 2].map((i) => crop(512, 680, i, 3).y),
    [0, 42, 84],
  );
  assert.deepEqual(crop(680, 512, 0, 1), { x: 58, y: 16, width: 224, height: 224 });
});

test('requests: the crops of each sample in time, counted from the first frame of the clip', () => {
  const clip: MeasuredClip = {
    path: '/a.mp4',
    label: 'x',
    subset: 'validation',
    frames: { from: 1000, count: 100 },
    file: { frames: 1000, width: 680, height: 512, fps: 25 },
    sha256: '',
  };
  const sampling = { count: 4, stride: 8, mode: 'dense' } as const;
  const requests = viewRequests(clip, { clips: 10, crops: 3 }, { size: 112, resize: 'crop', sampling });
  assert.equal(requests.length, 30);
  assert.deepEqual(
    requests.slice(25, 29).map(({ indices, crop }) => [indices[0], crop.x, crop.width]),
    [
      [1060, 21, 128],
      [1060, 42, 128],
      [1068, 0, 128],
      [1068, 21, 128],
    ],
  );
  // All views have the same scale, so the frames are decoded once.
  assert.equal(new Set(requests.map(({ scale, family }) => JSON.stringify([scale, [...family!]]))).size, 1);
});
