import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { randomStream } from '../../src/engine/random.js';
import { WorkError } from '../../src/system/errors.js';
import { decodeFrames, selectFrames, type FrameTransform } from '../../src/video/decode.js';
import { errorReason, runFfmpeg } from '../../src/video/process.js';
import { probe } from '../../src/video/probe.js';
import {
  allFrames,
  assertFrames,
  codecs,
  ffmpeg,
  hasEncoder,
  testVideo,
  whole,
  type VideoOptions,
} from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const file = (name: string) => path.join(folder, name);

const vfr = "select='lt(n,10)+not(mod(n,5))*gte(n,10)'";
const kinds: Record<string, { name: string } & VideoOptions> = {
  'H.264 with B-frames': { name: 'b.mp4' },
  'H.264 with B-frames and sound, Matroska': { name: 'b.mkv', sound: 0.4 },
  'H.264, transport stream with sound': { name: 'b.ts', sound: 0.4 },
  'H.264, open GOP': { name: 'open.mov', codec: codecs['h264 open GOP'] },
  'H.264, variable frame rate': { name: 'vfr.mp4', filter: vfr },
  'H.264, odd size': { name: 'odd.mp4', size: '65x47', pixels: 'yuv444p' },
  'H.264, 10-bit': { name: 'ten.mp4', pixels: 'yuv420p10le' },
  'H.264, interlaced': { name: 'lines.mp4', codec: ['libx264', '-flags', '+ilme+ildct', '-x264-params', 'tff=1'] },
  HEVC: { name: 'hevc.mp4', codec: codecs.hevc },
  'HEVC, 10-bit': { name: 'hevc.mkv', codec: codecs.hevc, pixels: 'yuv420p10le' },
  VP9: { name: 'vp9.webm', codec: codecs.vp9 },
  AV1: { name: 'av1.mp4', codec: codecs.av1, seconds: 1 },
  'MPEG-4': { name: 'mpeg4.mp4', codec: codecs.mpeg4 },
  'MPEG-4, AVI': { name: 'mpeg4.avi', codec: codecs.mpeg4 },
};

for (const [kind, { name, ...options }] of Object.entries(kinds)) {
  test(`${kind}: the frame for index i is the i-th decoded frame`, async (t) => {
    if (!hasEncoder(options.codec ?? codecs.h264)) {
      t.skip(`this ffmpeg has no ${options.codec![0]!}`);
      return;
    }
    const video = testVideo(file(name), options);
    const { frames, width, height, damage } = await probe(video);
    assert.equal(damage, undefined);
    const transform = whole(width, height);
    const expected = allFrames(video, transform);
    assert.equal(expected.length, frames);
    assert.equal(new Set(expected.map((frame) => frame.toString('latin1'))).size, frames, 'frames differ');

    const random = randomStream(1, kind);
    const all = Array.from({ length: frames }, (_, i) => i);
    assertFrames(await decodeFrames(video, { indices: all, ...transform }), all, expected);
    const sparse = [frames - 1, 0, 7, 7, Math.floor(frames / 2), frames - 1];
    assertFrames(await decodeFrames(video, { indices: sparse, ...transform }), sparse, expected);

    const cropped: FrameTransform = {
      scale: [57, 40],
      crop: { x: random.below(10), y: random.below(10), width: 31, height: 20 },
      flip: random.below(2) === 1,
    };
    const some = random.shuffled(all).slice(0, 9);
    assertFrames(await decodeFrames(video, { indices: some, ...cropped }), some, allFrames(video, cropped));
  });
}

test('rotated video comes upright', async () => {
  testVideo(file('lying.mp4'), { seconds: 0.4 });
  ffmpeg('-display_rotation', '90', '-i', file('lying.mp4'), '-c', 'copy', file('turned.mp4'));
  const expected = allFrames(file('turned.mp4'), whole(48, 64));
  assertFrames(await decodeFrames(file('turned.mp4'), { indices: [3], ...whole(48, 64) }), [3], expected);
});

test('scale, crop at odd places, and flip', async () => {
  const video = testVideo(file('crop.mp4'));
  for (const flip of [false, true]) {
    const transform: FrameTransform = { scale: [85, 64], crop: { x: 13, y: 5, width: 31, height: 40 }, flip };
    assertFrames(await decodeFrames(video, { indices: [4, 40], ...transform }), [4, 40], allFrames(video, transform));
  }
});

test('any file name is only a file name', async () => {
  const video = testVideo(file('plain.mp4'), { seconds: 0.2 });
  const expected = allFrames(video, whole(64, 48));
  for (const name of ['-y.mp4', `it's "a" space.mp4`, 'ünïcødé 日本.mp4', "select='1':[x],%d.mp4", 'two\nlines.mp4']) {
    copyFileSync(video, file(name));
    assertFrames(await decodeFrames(file(name), { indices: [3], ...whole(64, 48) }), [3], expected);
  }
});

test('up to two frames beyond the end are the last frame; more are an error', async () => {
  const video = testVideo(file('fifty.mp4'));
  const expected = allFrames(video, whole(64, 48));
  assert.equal(expected.length, 50);
  const bytes = await decodeFrames(video, { indices: [51, 10, 50, 49], ...whole(64, 48) });
  assertFrames(bytes, [49, 10, 49, 49], expected);
  // Here frame 49 itself is not asked for.
  assertFrames(await decodeFrames(video, { indices: [2, 51], ...whole(64, 48) }), [2, 49], expected);
  for (const indices of [[52], [0, 1000], [51, 52]]) {
    await assert.rejects(decodeFrames(video, { indices, ...whole(64, 48) }), (error) => {
      assert.ok(error instanceof WorkError);
      assert.match(
        error.message,
        /cannot decode .*fifty\.mp4: frame \d+ of \d+ did not come: the video ends before it/,
      );
      return true;
    });
  }
});

test('a broken video is an error that names it and gives the reason', async () => {
  const codec = ['libx264', '-g', '5', '-movflags', 'frag_keyframe+empty_moov'];
  const bytes = readFileSync(testVideo(file('fragments.mp4'), { codec }));
  writeFileSync(file('half.mp4'), bytes.subarray(0, bytes.length / 2));
  writeFileSync(file('text.mp4'), 'hello');
  for (const name of ['half.mp4', 'text.mp4', 'gone.mp4']) {
    await assert.rejects(decodeFrames(file(name), { indices: [49], ...whole(64, 48) }), (error) => {
      assert.ok(error instanceof WorkError);
      assert.ok(error.message.includes(file(name)) && !error.message.includes('\n'), error.message);
      return true;
    });
  }
});

test('a long video asked for many scattered frames', async () => {
  const video = testVideo(file('long.mp4'), {
    size: '16x16',
    seconds: 240,
    codec: ['libx264', '-preset', 'ultrafast'],
  });
  const expected = allFrames(video, whole(16, 16));
  assert.equal(expected.length, 6000);
  const random = randomStream(2, 'scattered');
  const indices = Array.from({ length: 2800 }, () => random.below(6000));
  assertFrames(await decodeFrames(video, { indices, ...whole(16, 16) }), indices, expected);
});

test('the selection stays short enough for a command and comes in order', () => {
  const random = randomStream(3, 'selection');
  const cases = [
    [1, 1],
    [3, 200],
    [800, 200_000],
    [9000, 100_000],
  ] as const;
  for (const [count, below] of cases) {
    const wanted = [...new Set(Array.from({ length: count }, () => random.below(below)))].sort((a, b) => a - b);
    const { expression, passing } = selectFrames(wanted, 0);
    assert.ok(expression.length < 100_000, `${expression.length} characters`);
    assert.deepEqual(
      passing,
      [...new Set(passing)].sort((a, b) => a - b),
    );
    const passes = new Set(passing);
    assert.ok(wanted.every((frame) => passes.has(frame)));
    assert.equal(passing.at(-1), wanted.at(-1));
  }
});

test('a stuck ffmpeg is ended, one that waits for us is not', async () => {
  const started = Date.now();
  // It reads one frame per hour in real time, so there is silence after the first.
  // prettier-ignore
  const stuck = ['-re', '-f', 'lavfi', '-i', 'color=s=16x16:r=1/3600', '-f', 'rawvideo', 'pipe:1'];
  const end = await runFfmpeg(stuck, () => undefined, { silence: 0.6 });
  assert.deepEqual(end, { ok: false, reason: 'no output for 0.6 s, so it was killed', errors: 0 });
  assert.ok(Date.now() - started < 10_000);

  let bytes = 0;
  const healthy = await runFfmpeg(
    ['-f', 'lavfi', '-i', 'color=s=256x256:r=25:d=1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    (chunk) => {
      // Like the engine, this blocks the thread for longer than the allowed silence.
      if (bytes === 0) for (const until = Date.now() + 1500; Date.now() < until;);
      bytes += chunk.length;
    },
    { silence: 0.6 },
  );
  assert.deepEqual(healthy, { ok: true, reason: '', errors: 0 });
  assert.equal(bytes, 25 * 256 * 256 * 3);
});

test("ffmpeg's words become one line", () => {
  const said =
    '[in#0 @ 0x55d0] moov atom not found\n[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] Bad\u0007 data\n' +
    'Error opening input file a.mp4.\nmore\n';
  assert.equal(errorReason(said), 'moov atom not found; Bad  data');
});
