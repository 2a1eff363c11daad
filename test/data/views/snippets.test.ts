import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Video } from '../../../src/data/dataset.js';
import type { MeasuredClip } from '../../../src/data/measured-clips.js';
import { clipFrames, snippetFrames } from '../../../src/data/views/sampling.js';
import { clipRequest, snippetRequest } from '../../../src/data/views/snippets.js';
import { evalTransform } from '../../../src/data/views/transform.js';
import { randomStream } from '../../../src/engine/random.js';
import { WorkError } from '../../../src/system/errors.js';
import { decodeFrames } from '../../../src/video/decode.js';
import { probe } from '../../../src/video/probe.js';
import { testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = testVideo(path.join(folder, 'a.mp4'), { size: '80x60', seconds: 6 });

async function video(): Promise<Video> {
  return { id: 'a', subset: 'training', path: file, ...(await probe(file)), instances: [] };
}

test('snippets at each fidelity are the frames of the grid', async () => {
  const a = await video();
  for (const [snippets, size] of [
    [10, 28],
    [3, 56],
    [5, 40],
  ] as const) {
    const view = evalTransform(a, size, 'crop');
    const request = snippetRequest(a, { snippets, size }, { frames: 4, stride: 3 }, view, false);
    assert.equal(request.family, undefined);
    const bytes = await decodeFrames(request.file, request);
    assert.equal(bytes.length, snippets * 4 * size * size * 3);
    const indices = snippetFrames({ frames: 150, snippets, perSnippet: 4, stride: 3 });
    assert.deepEqual(request.indices, indices);
    const one = await decodeFrames(file, { indices: [indices.at(-1)!], ...view });
    assert.deepEqual(bytes.subarray((snippets * 4 - 1) * size * size * 3), one);
  }
});

test('where snippets overlap, what may be kept is each frame once, rising', async () => {
  const a = await video();
  const view = evalTransform(a, 28, 'crop');
  const { indices, family } = snippetRequest(a, { snippets: 60, size: 28 }, { frames: 4, stride: 3 }, view, true);
  assert.ok(indices.length > family!.length);
  assert.deepEqual(
    [...family!],
    [...new Set(indices)].sort((x, y) => x - y),
  );
});

test('of a stretch the frames are those of its own grid, and all of the video may be kept', async () => {
  const a = await video();
  const view = evalTransform(a, 28, 'crop');
  const sampling = { frames: 2, stride: 1, fps: 10 };
  const { indices, family } = snippetRequest(a, { snippets: 3, size: 28 }, sampling, view, true, {
    from: 20,
    frames: 6,
  });
  // 150 frames at 25 per second are 60 at 10: frames 20 to 25 of these are frames 50, 52.5, 55, … of the file.
  assert.deepEqual([...indices], [50, 53, 55, 58, 60, 63]);
  assert.equal(family!.length, 60);
});

test('a clip gives the frames of its sampling, counted from its first; all of it may be kept', async () => {
  const { width, height, fps } = await video();
  const clip: MeasuredClip = {
    path: file,
    label: 'x',
    subset: 'training',
    frames: { from: 30, count: 50 },
    file: { frames: 1000, width, height, fps },
    sha256: '',
  };
  const sampling = { count: 8, stride: 4, mode: 'dense' } as const;
  const view = { ...evalTransform(clip.file, 32, 'squash'), color: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 9] };
  const request = clipRequest(clip, 32, sampling, view, randomStream(1));
  assert.deepEqual(
    [...request.indices],
    [...clipFrames({ frames: 50, ...sampling }, randomStream(1))].map((frame) => frame + 30),
  );
  assert.deepEqual(
    [...request.family!],
    Array.from({ length: 50 }, (_, i) => i + 30),
  );
  assert.deepEqual(request.color, view.color);
  assert.equal(request.timing, undefined);
  const seek = { start: 0.5, gap: 12 };
  const long = clipRequest({ ...clip, file: { ...clip.file, seek } }, 32, sampling, view);
  assert.deepEqual(long.timing, { fps, seek });
});

test('at another rate, strides and clips count its frames', async () => {
  const a = await video();
  const view = evalTransform(a, 28, 'crop');
  // 150 frames at 25 per second are 60 at 10: bins of 2, whose two frames are nearest to 0, 0.1, 0.2, … s.
  const { indices } = snippetRequest(a, { snippets: 30, size: 28 }, { frames: 2, stride: 1, fps: 10 }, view, false);
  assert.deepEqual([...indices.subarray(0, 6)], [0, 3, 5, 8, 10, 13]);
  const { width, height, fps } = a;
  const frames = { from: 30, count: 50 };
  const clip: MeasuredClip = {
    path: file,
    label: 'x',
    subset: 'training',
    frames,
    file: { frames: 1000, width, height, fps },
    sha256: '',
  };
  const sampling = { count: 4, stride: 2, mode: 'dense', fps: 5 } as const;
  const request = clipRequest(clip, 28, sampling, view);
  // Ten frames, of which the middle eight are a window.
  assert.deepEqual(
    [...request.indices],
    [1, 3, 5, 7].map((frame) => 30 + 5 * frame),
  );
  assert.deepEqual(
    [...request.family!],
    Array.from({ length: 10 }, (_, i) => 30 + 5 * i),
  );
});

test('a video with a problem is refused by its name', async () => {
  const broken = { ...(await video()), problem: 'missing: no such video file' };
  const view = evalTransform(broken, 28, 'crop');
  assert.throws(
    () => snippetRequest(broken, { snippets: 1, size: 28 }, { frames: 1, stride: 1 }, view, false),
    (error) => {
      assert.ok(error instanceof WorkError);
      assert.equal(error.message, 'video a cannot be used: missing: no such video file');
      return true;
    },
  );
});

test('a view of another size is a mistake in the program', async () => {
  const a = await video();
  const view = evalTransform(a, 28, 'crop');
  const request = () => snippetRequest(a, { snippets: 1, size: 56 }, { frames: 1, stride: 1 }, view, false);
  assert.throws(request, /28x28, not 56x56/);
});
