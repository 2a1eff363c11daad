import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { instancesAsClips, measureClips } from '../../src/data/measured-clips.js';
import { testVideo } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();

test('instances become clips by their frames, inside the video', () => {
  const video = {
    id: 'v',
    subset: 'Validation',
    path: '/v.mp4',
    duration: 10,
    fps: 12.5,
    frames: 125,
    width: 8,
    height: 8,
    instances: [
      { start: 2, end: 4, label: 'jump' },
      { start: 9.99, end: 10, label: 'end' },
    ],
  };
  assert.deepEqual(instancesAsClips([video], 'training'), [
    { path: '/v.mp4', label: 'jump', subset: 'training', frames: { from: 25, count: 25 }, file: video, sha256: '' },
    { path: '/v.mp4', label: 'end', subset: 'training', frames: { from: 124, count: 1 }, file: video, sha256: '' },
  ]);
});

test('frame numbers do not drift in two hours at 29.97', () => {
  const frames = 215_784;
  const fps = 30_000 / 1001;
  const video = { id: 'v', subset: 's', path: '/v', fps, frames, duration: frames / fps, width: 8, height: 8 };
  for (const frame of [0, 1, 107_892, 215_000, 215_783]) {
    const start = (frame * 1001) / 30_000;
    const [clip] = instancesAsClips([{ ...video, instances: [{ start, end: start + 3, label: 'x' }] }], 'training');
    assert.equal(clip!.frames.from, frame);
  }
});

test('instances lie on the frames that are shown, where a picture begins late or frames come unevenly', () => {
  const rest = { id: 'v', subset: 's', path: '/v', frames: 513, width: 8, height: 8 };
  const frames = (clock: { fps: number; duration: number; start?: number; times?: [number, number][] }) =>
    [10, 25].map((start) => {
      const instances = [{ start, end: start + 2, label: 'x' }];
      const { from, count } = instancesAsClips([{ ...rest, ...clock, instances }], 'training')[0]!.frames;
      return [from, from + count];
    });
  assert.deepEqual(frames({ fps: 10, duration: 51.3 }), [
    [100, 120],
    [250, 270],
  ]);
  assert.deepEqual(frames({ fps: 10, duration: 56.3, start: 5 }), [
    [50, 70],
    [200, 220],
  ]);
  // The first 100 frames are shown for 0.2 s each, the others for 0.033 s.
  const times: [number, number][] = [
    [0, 0],
    [100, 20],
    [513, 33.629],
  ];
  assert.deepEqual(frames({ fps: 513 / 33.629, duration: 33.629, times }), [
    [50, 60],
    [251, 312],
  ]);
});

test('clips are measured once; the unusable are named; what has changed is measured again', async () => {
  const good = testVideo(path.join(folder, 'good.mp4'), { seconds: 1 });
  const text = path.join(folder, 'text.mp4');
  writeFileSync(text, 'no video');
  const missing = path.join(folder, 'missing.mp4');
  const clips = [good, text, missing, good].map((file, i) => ({ path: file, label: `l${i}`, subset: 'training' }));
  const memo = path.join(folder, 'run', 'clips.json');
  const progress: [number, number][] = [];
  const first = await measureClips(clips, memo, (done, total) => progress.push([done, total]));
  assert.deepEqual(
    first.clips.map(({ label, frames }) => [label, frames]),
    [
      ['l0', { from: 0, count: 25 }],
      ['l3', { from: 0, count: 25 }],
    ],
  );
  assert.deepEqual([first.clips[0]!.file.width, first.clips[0]!.file.height, first.clips[0]!.file.fps], [64, 48, 25]);
  assert.deepEqual(
    first.unusable.map((one) => one.path),
    [missing, text],
  );
  assert.deepEqual(progress.at(-1), [3, 3]);

  // Neither a clip that was touched is decoded again, nor one that is as it was: the memo would show its frames.
  const doctored = readFileSync(memo, 'utf8').replace('"frames": 25', '"frames": 24');
  writeFileSync(memo, doctored);
  const known = { ...first.clips[0]!, frames: { from: 0, count: 24 } };
  const framesOf = async () => (await measureClips([clips[0]!], memo)).clips.map(({ frames }) => frames);
  assert.deepEqual(await framesOf(), [known.frames]);
  utimesSync(good, new Date(1e12), new Date(1e12));
  assert.deepEqual(await framesOf(), [known.frames]);
  copyFileSync(testVideo(path.join(folder, 'longer.mp4'), { seconds: 2 }), good);
  assert.equal((await measureClips([clips[0]!], memo)).clips[0]!.frames.count, 50);
  writeFileSync(memo, readFileSync(memo, 'utf8').slice(0, 40));
  assert.equal((await measureClips([clips[0]!], memo)).clips[0]!.frames.count, 50);
});
