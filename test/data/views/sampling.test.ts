import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipFrames, resampled, snippetFrames } from '../../../src/data/views/sampling.js';
import { randomStream } from '../../../src/engine/random.js';

test('another rate: of each frame there, the own one that is nearest in time', () => {
  const at = (frames: number, fps: number, rate: number | null) => {
    const seen = resampled({ frames, fps }, rate);
    return Array.from({ length: seen.frames }, (_, i) => seen.own(i));
  };
  // 25 frames per second resampled to 10: at 0, 0.1, 0.2, … s are the frames 0, 2.5, 5, …
  assert.deepEqual(at(25, 25, 10), [0, 3, 5, 8, 10, 13, 15, 18, 20, 23]);
  assert.deepEqual(at(8, 30, 15), [0, 2, 4, 6]);
  // A higher rate repeats frames and never goes beyond the last.
  assert.deepEqual(at(3, 10, 20), [0, 1, 1, 2, 2, 2]);
  assert.deepEqual(at(1, 30, 1), [0]);
  assert.deepEqual(at(5, 29.97, null), [0, 1, 2, 3, 4]);
  // An hour of NTSC video does not drift.
  const { frames, own } = resampled({ frames: 107_892, fps: 30_000 / 1001 }, 10);
  assert.equal(frames, 36_000);
  for (let i = 0; i < frames; i += 777) assert.ok(Math.abs(own(i) / (30_000 / 1001) - i / 10) <= 0.5 / 29.97 + 1e-9);
});

test('snippets: windows centred in equal bins', () => {
  // Two bins of 50 frames, centres 25 and 75, windows of 4 x 8 = 32 frames from 9 and 59; the middle of every 8.
  const taken = snippetFrames({ frames: 100, snippets: 2, perSnippet: 4, stride: 8 });
  assert.deepEqual([...taken], [13, 21, 29, 37, 63, 71, 79, 87]);
});

test('snippets: windows are moved inside the video', () => {
  const taken = snippetFrames({ frames: 64, snippets: 4, perSnippet: 4, stride: 8 });
  assert.deepEqual([...taken.subarray(0, 4)], [4, 12, 20, 28]);
  assert.deepEqual([...taken.subarray(12)], [36, 44, 52, 60]);
});

test('snippets: a video shorter than a window repeats its ends', () => {
  const taken = snippetFrames({ frames: 10, snippets: 1, perSnippet: 4, stride: 8 });
  assert.deepEqual([...taken], [0, 1, 9, 9]);
  assert.deepEqual([...snippetFrames({ frames: 1, snippets: 2, perSnippet: 2, stride: 3 })], [0, 0, 0, 0]);
});

test('snippets: the grid is that of the paper, symmetric in time, without drift in hours of video', () => {
  for (const frames of [64, 999, 3258, 2 * 3600 * 30]) {
    for (const snippets of [25, 50, 100]) {
      const taken = snippetFrames({ frames, snippets, perSnippet: 8, stride: 8 });
      assert.equal(taken.length, snippets * 8);
      taken.forEach((frame, k) => {
        assert.ok(frame >= 0 && frame < frames);
        // The grid is its own mirror image in time, except for rounding to frames (the
        // middle of 8 has no mirror image).
        assert.ok(Math.abs(frames - 1 - taken[taken.length - 1 - k]! - frame) <= 2, `frame ${frame} of ${frames}`);
      });
      if (frames / snippets < 64) continue;
      for (let i = 0; i < snippets; i++) {
        const centre = ((i + 0.5) * frames) / snippets;
        const mean = taken.subarray(i * 8, i * 8 + 8).reduce((a, b) => a + b) / 8;
        assert.ok(Math.abs(mean - centre) <= 1, `snippet ${i}: ${mean} for ${centre}`);
      }
    }
  }
});

test('clips, uniform: one frame in each equal part', () => {
  const sampling = { frames: 80, count: 8, stride: 1, mode: 'uniform' } as const;
  assert.deepEqual([...clipFrames(sampling)], [5, 15, 25, 35, 45, 55, 65, 75]);
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 200; epoch++) {
    clipFrames(sampling, randomStream(1, epoch)).forEach((frame, i) => {
      assert.equal(Math.floor(frame / 10), i);
      seen.add(frame);
    });
  }
  assert.equal(seen.size, 80, 'every frame has its chance');
  assert.deepEqual([...clipFrames({ ...sampling, frames: 3, count: 4 }, randomStream(1))], [0, 0, 1, 2]);
});

test('clips, dense: a window of every stride-th frame that wraps at the end', () => {
  const sampling = { frames: 100, count: 8, stride: 8, mode: 'dense' } as const;
  assert.deepEqual([...clipFrames(sampling)], [18, 26, 34, 42, 50, 58, 66, 74]);
  const starts = new Set<number>();
  for (let epoch = 0; epoch < 500; epoch++) {
    const taken = clipFrames(sampling, randomStream(1, epoch));
    starts.add(taken[0]!);
    taken.forEach((frame, i) => {
      assert.equal(frame, taken[0]! + i * 8);
    });
  }
  assert.deepEqual([Math.min(...starts), Math.max(...starts), starts.size], [0, 35, 36]);
  assert.deepEqual([...clipFrames({ ...sampling, frames: 20, count: 4 }, randomStream(1))], [0, 8, 16, 4]);
});

test('nonsense is refused', () => {
  assert.throws(() => snippetFrames({ frames: 0, snippets: 1, perSnippet: 1, stride: 1 }), /frames must be/);
  assert.throws(() => clipFrames({ frames: 5, count: 1.5, stride: 1, mode: 'dense' }), /count must be/);
});
