import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { LofiError, UsageError, WorkError } from '../../src/system/errors.js';
import { encodeVideo, type RawVideo } from '../../src/video/encode.js';
import { findFfmpeg } from '../../src/video/ffmpeg.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lofi-encode-'));
after(() => {
  rmSync(folder, { recursive: true });
});
const [width, height] = [64, 48];

/** A grey frame whose level encodes its number. */
function grey(i: number): Uint8Array {
  return new Uint8Array(width * height * 3).fill(20 + 4 * i);
}

function decode(file: string): Buffer {
  const args = ['-v', 'error', '-i', `file:${file}`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  return spawnSync(findFfmpeg().path, args, { maxBuffer: 1 << 28 }).stdout;
}

function describeFile(file: string): string {
  return spawnSync(findFfmpeg().path, ['-hide_banner', '-i', `file:${file}`], { encoding: 'utf8' }).stderr;
}

test('frames come back in number, order, size and rate', async () => {
  const file = path.join(folder, 'ramp.mp4');
  const frames = Array.from({ length: 50 }, (_, i) => grey(i));
  await encodeVideo(file, { width, height, fps: [24000, 1001], frames });
  const pixels = decode(file);
  assert.equal(pixels.length, 50 * width * height * 3);
  frames.forEach((frame, i) => {
    const middle = pixels[(i * height + 24) * width * 3 + 96]!;
    assert.ok(Math.abs(middle - frame[0]!) <= 3, `frame ${i}: ${middle} for ${frame[0]!}`);
  });
  const text = describeFile(file);
  assert.match(text, /Video: h264 .*yuv420p.* 64x48/);
  assert.match(text, /23\.98 fps/);
});

test('the same frames give the same bytes, from an array or an async generator', async () => {
  const frames = Array.from({ length: 20 }, (_, i) => grey(i));
  async function* later() {
    for (const frame of frames) yield await Promise.resolve(frame);
  }
  const [a, b] = [path.join(folder, 'a.mp4'), path.join(folder, 'b.mp4')];
  await encodeVideo(a, { width, height, fps: [15, 1], frames });
  await encodeVideo(b, { width, height, fps: [15, 1], frames: later() });
  assert.deepEqual(readFileSync(a), readFileSync(b));
});

test('frames are drawn no faster than ffmpeg takes them', async () => {
  let drawn = 0;
  const size = { width: 640, height: 480 };
  function* draw() {
    for (; drawn < 60; drawn++) yield new Uint8Array(640 * 480 * 3).fill(drawn);
  }
  const done = encodeVideo(path.join(folder, 'slow.mp4'), { ...size, fps: [15, 1], frames: draw() });
  // In the first turns of the event loop nothing has been read yet: only as many frames as the
  // pipe's buffers hold may be drawn.
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  const most = drawn;
  await done;
  assert.equal(drawn, 60);
  assert.ok(most < 40, `${most} of 60 frames waited in memory`);
});

test('odd names are only names', async () => {
  const odd = path.join(folder, '-y $(touch x); é:1.mp4');
  await encodeVideo(odd, { width, height, fps: [15, 1], frames: [grey(0), grey(1)] });
  assert.equal(decode(odd).length, 2 * width * height * 3);
});

test('bad input is one clear line and leaves nothing behind', async () => {
  const before = readdirSync(folder);
  const file = path.join(folder, 'bad.mp4');
  const good: RawVideo = { width, height, fps: [15, 1], frames: [grey(0)] };
  const cases: [string, RawVideo, typeof UsageError | typeof WorkError, RegExp][] = [
    ['odd size', { ...good, width: 63 }, UsageError, /63x48 is not a positive even size/],
    ['no rate', { ...good, fps: [0, 1] }, UsageError, /0\/1 is not a frame rate/],
    ['no frames', { ...good, frames: [] }, WorkError, /there are no frames/],
    ['short frame', { ...good, frames: [grey(0), new Uint8Array(5)] }, WorkError, /frame 1 has 5 bytes, not 9216/],
  ];
  for (const [name, video, kind, message] of cases)
    await assert.rejects(
      encodeVideo(file, video),
      (error) => error instanceof kind && message.test(error.message) && !error.message.includes('\n'),
      name,
    );
  assert.deepEqual(readdirSync(folder), before);
});

test("a failing ffmpeg is named with what it said, and the renderer's own error comes through", async () => {
  const nowhere = path.join(folder, 'missing', 'x.mp4');
  const many = Array.from({ length: 200 }, () => grey(0));
  await assert.rejects(
    encodeVideo(nowhere, { width, height, fps: [15, 1], frames: many }),
    (error) => error instanceof LofiError && error.exitCode === 1 && /No such file or directory/.test(error.message),
  );
  function* broken() {
    yield grey(0);
    throw new RangeError('out of paint');
  }
  const file = path.join(folder, 'broken.mp4');
  await assert.rejects(encodeVideo(file, { width, height, fps: [15, 1], frames: broken() }), /out of paint/);
  assert.ok(!readdirSync(folder).some((name) => name.includes('broken')));
});
