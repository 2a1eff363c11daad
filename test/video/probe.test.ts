import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WorkError } from '../../src/system/errors.js';
import { probe } from '../../src/video/probe.js';
import { ffmpeg, testVideo } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const file = (name: string) => path.join(folder, name);

test('counts frames and measures the duration', async () => {
  const video = testVideo(file('ntsc.mp4'), { rate: '30000/1001', seconds: 1.001, size: '80x60' });
  assert.deepEqual(await probe(video), { duration: 1.001, fps: 30000 / 1001, frames: 30, width: 80, height: 60 });
});

test('a variable frame rate gives the mean rate', async () => {
  // Frames 0-9 at 25 per second, then every fifth: 10 + 8 frames in 2 s.
  const video = testVideo(file('vfr.mp4'), { filter: "select='lt(n,10)+not(mod(n,5))*gte(n,10)'" });
  const { duration, frames, fps, drift, damage } = await probe(video);
  assert.equal(frames, 18);
  // Frame 10 is shown at 0.4 s, and there are 18 frames in 2 s.
  assert.ok(Math.abs(drift! - (10 / fps - 0.4)) < 1e-6, `${drift!} s`);
  assert.equal(damage, undefined);
  assert.ok(Math.abs(duration - 2) < 0.17, `${duration} s`);
  assert.ok(Math.abs(fps - frames / duration) < 1e-9);
});

test('width and height are those after rotation', async () => {
  const video = testVideo(file('upright.mp4'), { size: '64x48', seconds: 0.2 });
  ffmpeg('-display_rotation', '90', '-i', video, '-c', 'copy', file('turned.mp4'));
  const { width, height } = await probe(file('turned.mp4'));
  assert.deepEqual([width, height], [48, 64]);
});

test('of a truncated file only what can be decoded counts', async () => {
  // The file is fragmented, so that the index is not at its end.
  const codec = ['libx264', '-g', '5', '-movflags', 'frag_keyframe+empty_moov'];
  const bytes = readFileSync(testVideo(file('whole.mp4'), { codec }));
  writeFileSync(file('half.mp4'), bytes.subarray(0, bytes.length / 2));
  const { frames } = await probe(file('half.mp4'));
  assert.ok(frames > 10 && frames < 40, `${frames} frames`);
});

test('damage that the decoder conceals is told in one line, and the video stays usable', async () => {
  const video = testVideo(file('payload.ts'));
  const bytes = readFileSync(video);
  for (let at = 30_000; at < bytes.length - 10_000; at += 1777) bytes[at]! ^= 0x55;
  writeFileSync(video, bytes);
  const { frames, damage } = await probe(video);
  assert.ok(frames > 40, `${frames} frames`);
  assert.match(damage!, /^\d+ errors? while decoding: [^\n]+$/);
});

test('any file name is only a file name', async () => {
  const video = testVideo(file('plain.mp4'), { seconds: 0.2 });
  mkdirSync(file('odd'));
  for (const name of ['-dash.mp4', 'with space.mp4', `it's "quoted".mp4`, 'ünïcødé 日本.mp4', 'a:b|c%d$e;f`g.mp4']) {
    copyFileSync(video, path.join(folder, 'odd', name));
    assert.equal((await probe(path.join(folder, 'odd', name))).frames, 5, name);
  }
});

test('what is no video is refused in one line that names the file and the reason', async () => {
  writeFileSync(file('text.mp4'), 'not a video\n');
  writeFileSync(file('empty.mp4'), '');
  execFileSync('mkfifo', [file('pipe.mp4')]);
  ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.2', file('sound.m4a'));
  // A playlist must not make ffmpeg read from elsewhere.
  writeFileSync(file('list.mp4'), '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n');
  const cases: [string, RegExp][] = [
    ['text.mp4', /Invalid data|moov/],
    ['empty.mp4', /Invalid data|moov/],
    ['gone.mp4', /No such file/],
    ['sound.m4a', /no video stream/],
    ['list.mp4', /./],
    ['.', /not a regular file/],
    // Nobody ever writes to it.
    ['pipe.mp4', /not a regular file/],
  ];
  for (const [name, reason] of cases) {
    await assert.rejects(probe(file(name)), (error) => {
      assert.ok(error instanceof WorkError);
      assert.ok(error.message.includes(file(name)), error.message);
      assert.match(error.message, reason);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  }
});
