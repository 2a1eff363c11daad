import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { mock, test } from 'node:test';
import { randomStream } from '../../src/engine/random.js';
import { WorkError } from '../../src/system/errors.js';
import { decodeFrames } from '../../src/video/decode.js';
import { probe } from '../../src/video/probe.js';
import { planReads, type Timing } from '../../src/video/seek.js';
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
/** Counts the starts of ffmpeg, which tell one pass from reads by seeking. */
const spawn = mock.method(childProcess, 'spawn');
syncBuiltinESMExports();
const file = (name: string) => path.join(folder, name);
const shape = whole(32, 24);
/** 1199 frames at 30000/1001 a second. */
const long: VideoOptions = { size: '32x24', rate: '30000/1001', seconds: 40 };
const x264 = (...options: string[]) => ['libx264', '-preset', 'veryfast', ...options];

/** Decodes frames, and checks how often ffmpeg is started. */
async function decodeIn(reads: number, video: string, indices: number[], timing: Timing): Promise<Uint8Array> {
  spawn.mock.resetCalls();
  const bytes = await decodeFrames(video, { indices, ...shape, timing });
  assert.equal(spawn.mock.callCount(), reads, 'starts of ffmpeg');
  return bytes;
}

/** Compares frames read by seeking, one at a time and as a grid, with one plain pass. */
async function assertSeeksExact(video: string, timing: Timing, frames: readonly Buffer[]): Promise<void> {
  const random = randomStream(1, video.slice(folder.length));
  const late = Array.from({ length: 4 }, () => 400 + random.below(frames.length - 400));
  for (const index of [...late, frames.length - 1]) {
    assert.notEqual(planReads([index], timing)[0]!.at, undefined, `frame ${index} is sought`);
    assertFrames(await decodeIn(1, video, [index], timing), [index], frames);
  }
  const grid = [3, 0, 9, 600, 606, 600, 612, frames.length - 2];
  assertFrames(
    await decodeIn(planReads([0, 612, frames.length - 2], timing).length, video, grid, timing),
    grid,
    frames,
  );
}

const videos: Record<string, { name: string } & VideoOptions> = {
  'H.264, short GOPs': { name: 'short.mp4', codec: x264('-g', '12') },
  'H.264, irregular keyframes': {
    name: 'irregular.mp4',
    codec: x264('-g', '200', '-force_key_frames', '0.1,3,3.1,9,15,15.04,22,29,36'),
  },
  'H.264, long GOPs, Matroska': { name: 'gops.mkv', codec: x264('-g', '190', '-bf', '8') },
  'H.264, sound first, mov': { name: 'sound.mov', codec: x264('-g', '50'), sound: 0.37 },
  'H.264, sound first, Matroska': { name: 'sound.mkv', codec: x264('-g', '50'), sound: 0.37 },
  'H.264, fragments': { name: 'fragments.mp4', codec: x264('-g', '50', '-movflags', 'frag_keyframe+empty_moov') },
  'HEVC, open GOPs, mp4': { name: 'hevc.mp4', codec: codecs.hevc },
  'HEVC, open GOPs, Matroska': { name: 'hevc.mkv', codec: codecs.hevc },
  VP9: { name: 'vp9.webm', codec: codecs.vp9 },
  AV1: { name: 'av1.webm', codec: codecs.av1 },
  'MPEG-4': { name: 'mpeg4.mp4', codec: codecs.mpeg4 },
};

for (const [kind, { name, ...options }] of Object.entries(videos)) {
  test(`${kind}: seeks give the bytes of one pass`, async (t) => {
    if (!hasEncoder(options.codec!)) {
      t.skip(`this ffmpeg has no ${options.codec![0]!}`);
      return;
    }
    const video = testVideo(file(name), { ...long, ...options });
    const info = await probe(video);
    assert.ok(info.seek, 'the probe finds that seeks are exact');
    assert.equal(info.drift, undefined);
    await assertSeeksExact(video, info, allFrames(video, shape));
  });
}

test('an edit list that begins between keyframes', async () => {
  const source = testVideo(file('source.mp4'), { ...long, codec: x264('-g', '50') });
  ffmpeg('-ss', '1.5', '-i', source, '-c', 'copy', file('cut.mp4'));
  const info = await probe(file('cut.mp4'));
  assert.ok(info.seek);
  await assertSeeksExact(file('cut.mp4'), info, allFrames(file('cut.mp4'), shape));
});

test('no drift at the end of forty minutes of 29.97 frames a second', async () => {
  const part = testVideo(file('part.mp4'), { ...long, seconds: 120, codec: x264('-g', '300') });
  ffmpeg('-stream_loop', '19', '-i', part, '-c', 'copy', file('hour.mkv'));
  const frames = allFrames(part, shape);
  const indices = [frames.length * 10 + 1234, frames.length * 20 - 3, frames.length * 19, frames.length * 19 - 1];
  const timing = { fps: 30000 / 1001, seek: { start: 0, gap: 300 } };
  const bytes = await decodeIn(3, file('hour.mkv'), indices, timing);
  assertFrames(bytes, indices.map((index) => index % frames.length), frames); // prettier-ignore
});

test('where seeks are not exact, do not pay or are not known to work, there are none', async () => {
  const withoutSeeks: Record<string, string> = {
    short: testVideo(file('brief.mp4'), { ...long, seconds: 20, codec: x264('-g', '20') }),
    'variable rate': testVideo(file('vfr.mp4'), {
      ...long,
      filter: "select='mod(n,7)+gt(n,900)'",
      codec: x264('-g', '20'),
    }),
    'one GOP': testVideo(file('one.mp4'), { ...long, codec: x264('-g', '9999', '-sc_threshold', '0') }),
    'no index': testVideo(file('stream.ts'), { ...long, codec: x264('-g', '20') }),
  };
  // Without its list of keyframes every frame of an mp4 file counts as one.
  const bytes = readFileSync(testVideo(file('marked.mp4'), { ...long, codec: x264('-g', '200', '-bf', '0') }));
  bytes.write('free', bytes.indexOf('stss'), 'latin1');
  writeFileSync(file('unmarked.mp4'), bytes);
  withoutSeeks['wrong keyframes'] = file('unmarked.mp4');
  for (const [kind, video] of Object.entries(withoutSeeks)) assert.equal((await probe(video)).seek, undefined, kind);
});

for (const [kind, codec] of Object.entries({
  'frames that become whole bit by bit': x264('-x264-params', 'intra-refresh=1:keyint=60'),
  'open GOPs, of whose first frames the decoder of H.264 complains': codecs['h264 open GOP'],
})) {
  test(`no seeks: ${kind}`, async () => {
    const video = testVideo(file(`${kind.slice(0, 4)}.mkv`), { ...long, codec, size: '160x48' });
    const { fps, seek } = await probe(video);
    assert.equal(seek, undefined);
    // Even if the probe said otherwise, no broken frame gets through.
    const frames = allFrames(video, shape);
    for (let index = 590; index < 650; index += 19) {
      const timing = { fps, seek: { start: 0, gap: 60 } };
      assertFrames(await decodeFrames(video, { indices: [index], ...shape, timing }), [index], frames);
    }
  });
}

test('seeks that miss their frames give way to one pass', async () => {
  const video = testVideo(file('base.mp4'), { ...long, codec: x264('-g', '20') });
  const frames = allFrames(video, shape);
  const { fps, seek } = await probe(video);
  const indices = [5, 600, 1100];
  for (const timing of [
    { fps, seek: { ...seek!, start: seek!.start + 1e4 } },
    { fps: fps / 3, seek },
  ]) {
    // The first read needs no seek, the second misses.
    assertFrames(await decodeIn(3, video, indices, timing), indices, frames);
  }
  // Up to two frames beyond the end still give the last frame; more are still an error.
  const beyond = { indices: [700, 1200], ...shape, timing: { fps, seek } };
  assertFrames(await decodeFrames(video, beyond), [700, 1198], frames);
  await assert.rejects(decodeFrames(video, { ...beyond, indices: [700, 1250] }), WorkError);
});

test('reads are planned by what they cost', () => {
  const timing = { fps: 25, seek: { start: 0.5, gap: 75 } };
  const reads = (wanted: number[], given: Timing = timing) =>
    planReads(wanted, given).map(({ wanted, at }) => (at === undefined ? wanted : { wanted, at }));
  // A seek costs 200 frames for the start, 25 of margin and 75 to the keyframe: 300 in total.
  assert.deepEqual(reads([0, 299]), [[0, 299]]);
  assert.deepEqual(reads([1000]), [{ wanted: [1000], at: 0.5 + 39 }]);
  assert.deepEqual(reads([290, 295]), [[290, 295]]);
  assert.deepEqual(reads([10, 20, 1000, 1300]), [[10, 20], { wanted: [1000, 1300], at: 0.5 + 39 }]);
  const apart = [[10, 20], { wanted: [1000], at: 0.5 + 39 }, { wanted: [1301], at: 0.5 + 51.04 }];
  assert.deepEqual(reads([10, 20, 1000, 1301]), apart);
  // If many frames are wanted, one pass is cheaper than a seek for every 300 frames.
  const every = Array.from({ length: 20 }, (_, i) => 299 * i);
  assert.deepEqual(reads(every), [every]);
  assert.deepEqual(reads([1000], { fps: 25 }), [[1000]]);
  // At low rates the margin is 20 frames.
  assert.deepEqual(reads([1000], { fps: 2, seek: timing.seek }), [{ wanted: [1000], at: 0.5 + 490 }]);
});
