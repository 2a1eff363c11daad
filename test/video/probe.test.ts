import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WorkError } from '../../src/system/errors.js';
import { filmStrip } from '../../src/report/timeline/film-strip.js';
import { secondsAt } from '../../src/video/clock.js';
import { decodeFrames } from '../../src/video/decode.js';
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

test('a picture that begins after its sound has its own start, and seconds go on from it', async () => {
  for (const name of ['late.mp4', 'late.mkv', 'late.ts']) {
    const video = testVideo(file(name), { sound: 1.5, seconds: 1 });
    const { start, duration, frames, fps } = await probe(video);
    // Encoders of sound may begin a few hundredths of a second before it.
    assert.ok(Math.abs(start! - 1.5) < 0.1, `${name}: ${start!} s`);
    assert.ok(Math.abs(duration - start! - 1) < 1e-6, name);
    assert.deepEqual([frames, Math.round(fps * 1e6) / 1e6], [25, 25], name);
  }
});

test('a variable rate is kept as the times of its frames', async () => {
  const video = testVideo(file('uneven.mp4'), { filter: "select='lt(n,10)+not(mod(n,5))*gte(n,10)'" });
  const info = await probe(video);
  const near = (knot: readonly number[], frame: number, second: number) => {
    assert.equal(knot[0], frame);
    assert.ok(Math.abs(knot[1]! - second) < 1e-6, `${knot[1]!} s`);
  };
  assert.equal(info.times!.length, 3);
  near(info.times![0]!, 0, 0);
  near(info.times![1]!, 10, 0.4);
  near(info.times![2]!, info.frames, info.duration);
  assert.ok(Math.abs(secondsAt(info, 14) - 1.2) < 1e-6);
});

test('of several streams the largest picture is read, and a cover picture is none', async () => {
  const large = testVideo(file('large.mp4'), { size: '96x64', seconds: 1 });
  const preview = testVideo(file('preview.mp4'), { size: '32x32', seconds: 1 });
  for (const name of ['two.mp4', 'two.mkv', 'two.ts']) {
    ffmpeg('-i', preview, '-i', large, '-map', '0', '-map', '1', '-c', 'copy', file(name));
    const { width, height, stream } = await probe(file(name));
    assert.deepEqual([width, height, stream], [96, 64, 1], name);
  }
  // One picture, however large, is no video.
  const still = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=1:d=1'];
  const kept = ['-map', '0', '-map', '1', '-c:v:0', 'mjpeg', '-c:v:1', 'copy'];
  ffmpeg(...still, '-i', large, ...kept, file('still.mkv'));
  assert.equal((await probe(file('still.mkv'))).stream, 1);
  ffmpeg('-i', large, '-i', preview, '-map', '0', '-map', '1', '-c', 'copy', file('first.mp4'));
  assert.equal((await probe(file('first.mp4'))).stream, undefined);
  ffmpeg('-f', 'lavfi', '-i', 'sine=d=1', '-f', 'lavfi', '-i', 'testsrc2', '-frames:v', '1', '-c:v', 'png',
    '-disposition:v', 'attached_pic', file('cover.m4a')); // prettier-ignore
  await assert.rejects(probe(file('cover.m4a')), /no video stream/);
});

test('pixels that are not square are shown wider or narrower', async () => {
  const size = async (aspect: string) => {
    const { width, height } = await probe(testVideo(file('wide.mp4'), { filter: `setsar=${aspect}`, seconds: 0.2 }));
    return [width, height];
  };
  assert.deepEqual(await size('16/11'), [93, 48]);
  assert.deepEqual(await size('1/2'), [32, 48]);
  // Nobody shows a picture like that.
  assert.deepEqual(await size('60/1'), [64, 48]);
});

test('a file that ends before its container says is damaged, whatever ffmpeg says of it', async () => {
  const cut = (name: string, part: number, options: Parameters<typeof testVideo>[1]) => {
    const bytes = readFileSync(testVideo(file(name), { seconds: 5, ...options }));
    writeFileSync(file(name), bytes.subarray(0, Math.floor(bytes.length * part)));
    return probe(file(name));
  };
  const mp4 = { codec: ['libx264', '-movflags', '+faststart'] };
  assert.match((await cut('a.mp4', 0.4, mp4)).damage!, /it ends early: it has \d+ frames up to [\d.]+ s, .* says 5 s/);
  assert.match((await cut('a.mkv', 0.4, {})).damage!, /its container says 5 s/);
  assert.match((await cut('a.avi', 0.4, { codec: ['mpeg4'] })).damage!, /its end is missing/);
  // Cut after a whole packet, of which nothing can be told, and within one.
  const ts = readFileSync(testVideo(file('a.ts'), { seconds: 5 }));
  writeFileSync(file('a.ts'), ts.subarray(0, 188 * 100 + 10));
  assert.match((await probe(file('a.ts'))).damage!, /its end is missing/);
});

test('sound that is longer than the picture is no damage', async () => {
  const video = testVideo(file('sound.mp4'), { seconds: 1, sound: 3 });
  assert.equal((await probe(video)).damage, undefined);
});

test('a list or manifest of other files is refused, whatever its name is', async () => {
  mkdirSync(file('private'));
  const hidden = testVideo(file('private/hidden.mp4'), { seconds: 0.5 });
  const mpd =
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" ' +
    'minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet ' +
    'mimeType="video/mp4"><Representation id="1" bandwidth="1000" width="64" height="48">' +
    '<BaseURL>private/hidden.mp4</BaseURL><SegmentBase indexRange="0-0"/></Representation></AdaptationSet></Period></MPD>';
  const lists: Record<string, string> = {
    'mpd.mp4': mpd,
    'mpd.mpd': mpd,
    'concat.mp4': `ffconcat version 1.0\nfile private/hidden.mp4\n`,
    'concat.avi': `ffconcat version 1.0\nfile '${hidden}'\n`,
    'hls.ts': '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nprivate/hidden.mp4\n#EXT-X-ENDLIST\n',
    'hls.m3u8': '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nprivate/hidden.mp4\n#EXT-X-ENDLIST\n',
    'session.sdp': 'v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
  };
  for (const [name, text] of Object.entries(lists)) {
    writeFileSync(file(name), text);
    await assert.rejects(probe(file(name)), WorkError, name);
    assert.equal(await filmStrip(file(name), 1), null, name);
    const transform = { scale: [8, 8] as const, crop: { x: 0, y: 0, width: 8, height: 8 }, flip: false };
    await assert.rejects(decodeFrames(file(name), { indices: [0], ...transform }), WorkError, name);
  }
});
