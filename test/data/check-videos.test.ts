import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { checkVideos } from '../../src/data/check-videos.js';
import { saveDataset, toDataset, type Video } from '../../src/data/dataset.js';
import { randomStream } from '../../src/engine/random.js';
import { UsageError } from '../../src/system/errors.js';
import { probe } from '../../src/video/probe.js';
import { makeDownloads } from '../support/downloads.js';
import { missing, shared } from '../support/shared.js';
import { codecs, ffmpeg, testVideo } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const file = (name: string) => path.join(folder, name);
const faststart = [...codecs.h264, '-movflags', 'faststart'];

/** Flips random bits in a part of a file. */
function flip(bytes: Buffer, bits: number, [from, to]: readonly [number, number], seed = 1): Buffer {
  const [random, flipped] = [randomStream(seed, 'flip'), Buffer.from(bytes)];
  for (let i = 0; i < bits; i++) {
    const at = Math.floor(from * bytes.length) + random.below(Math.floor((to - from) * bytes.length));
    flipped[at]! ^= 1 << random.below(8);
  }
  return flipped;
}

/** A copy of `bytes` in which `length` bytes from `at` on are set to `value`. */
function filled(bytes: Buffer, at: number, length: number, value: string | number = 0): Buffer {
  return Buffer.from(bytes).fill(value, at, at + length);
}

test('of two dozen broken files each is named with a reason', async () => {
  const broken = file('broken');
  mkdirSync(broken);
  const made = (name: string, options?: Parameters<typeof testVideo>[1]) =>
    readFileSync(testVideo(file(name), options));
  const [end, first] = [made('end.mp4'), made('first.mp4', { codec: faststart })];
  const [mkv, avi, ts] = [made('x.mkv'), made('x.avi', { codec: codecs.mpeg4 }), made('x.ts')];
  const [webm, hevc] = [made('x.webm', { codec: codecs.vp9 }), made('hevc.mp4', { codec: codecs.hevc })];
  const av1 = made('av1.mp4', { codec: codecs.av1, seconds: 1 });
  const cut = (bytes: Buffer, part: number) => bytes.subarray(0, Math.floor(bytes.length * part));
  const moov = first.indexOf('moov');
  ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.2', '-f', 'mp4', file('sound'));
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2', '-frames:v', '1', '-c:v', 'png', '-f', 'image2', file('picture'));

  const files: Record<string, [Buffer | string, RegExp]> = {
    'cut at 70 %.mp4': [cut(first, 0.7), /errors? while decoding: .*(NAL|missing|partial)/i],
    'cut at 30 %.mp4': [cut(first, 0.3), /errors? while decoding/],
    'without its end.mp4': [cut(end, 0.9), /moov atom not found/],
    'its first bytes.mp4': [cut(first, 0.01), /./],
    'cut.mkv': [cut(mkv, 0.5), /ended prematurely/],
    'cut.avi': [cut(avi, 0.6), /errors? while decoding/],
    'cut.webm': [cut(webm, 0.4), /ended prematurely/],
    'flipped H.264.mp4': [flip(first, 20, [0.3, 0.9]), /errors? while decoding/],
    'flipped HEVC.mp4': [flip(hevc, 200, [0.1, 0.6]), /errors? while decoding/],
    'flipped MPEG-4.avi': [flip(avi, 40, [0.3, 0.9]), /errors? while decoding/],
    'flipped AV1.mp4': [flip(av1, 400, [0.3, 0.8]), /errors? while decoding/],
    'flipped H.264.ts': [flip(ts, 40, [0.3, 0.9]), /errors? while decoding/],
    'flipped header.mp4': [flip(first, 400, [moov / first.length, (moov + 1500) / first.length]), /./],
    'empty.mp4': ['', /./],
    'text.mp4': ['a shopping list\n', /Invalid data|moov/],
    'zeros.mp4': [Buffer.alloc(20_000), /./],
    'unknown codec.mp4': [filled(first, first.indexOf('avc1', moov), 4, 'zzzz'), /./],
    'no decoder data.mp4': [filled(first, first.indexOf('avcC') + 4, 20), /./],
    'zeroed header.mp4': [filled(first, moov + 4, 1500), /./],
    'sound.mp4': [readFileSync(file('sound')), /no video stream/],
    'picture.mp4': [readFileSync(file('picture')), /not in a format of videos/],
  };
  for (const [name, [bytes]] of Object.entries(files)) writeFileSync(path.join(broken, name), bytes);
  mkdirSync(path.join(broken, 'folder.mp4'));
  execFileSync('mkfifo', [path.join(broken, 'pipe.mp4')]);
  symlinkSync(path.join(broken, 'nothing'), path.join(broken, 'dangling.mp4'));
  symlinkSync('loop.mp4', path.join(broken, 'loop.mp4'));
  mkdirSync(path.join(broken, 'below'));
  copyFileSync(file('end.mp4'), path.join(broken, 'below', 'good.mp4'));
  const reasons: Record<string, RegExp> = { 'folder.mp4': /not a regular file/, 'pipe.mp4': /not a regular file/ };
  for (const [name, [, reason]] of Object.entries(files)) reasons[name] = reason;

  const check = await checkVideos(broken);
  assert.deepEqual(
    check.missing.map(({ video, reason }) => [video, reason]),
    [
      ['dangling.mp4', 'no such file'],
      ['loop.mp4', 'the file cannot be reached (ELOOP)'],
    ],
  );
  assert.deepEqual(check.broken.map(({ video }) => video).sort(), Object.keys(reasons).sort());
  assert.deepEqual([check.ok, check.warnings], [1, []]);
  for (const found of check.broken) {
    assert.match(found.reason, reasons[found.video]!, found.video);
    assert.equal(found.path, path.join(broken, found.video));
    assert.ok(!found.reason.includes('\n') && !found.reason.includes(broken), found.reason);
  }
});

test('a dataset file is held against its videos', async () => {
  const good = testVideo(file('good.mp4'), { codec: faststart });
  const info = await probe(good);
  const instances = [{ start: 0, end: 1, label: 'run' }];
  const common = { ...info, subset: 'training', path: good, instances };
  const video = (id: string, changes: Partial<Video>): Video => ({ ...common, id, ...changes });
  const uneven = testVideo(file('uneven.mp4'), { filter: "select='lt(n,10)+not(mod(n,5))*gte(n,10)'" });
  writeFileSync(file('half.ts'), readFileSync(testVideo(file('whole.ts'))).subarray(0, 40 * 188));
  const cases: [string, Partial<Video>, 'missing' | 'broken' | 'warnings' | undefined, RegExp][] = [
    ['same', {}, undefined, /./],
    ['gone', { path: file('gone.mp4') }, 'missing', /no such file/],
    ['shorter', { frames: 60, duration: 2.4 }, 'broken', /ends early: 50 frames of the 60 that the dataset says/],
    ['cut', { path: file('half.ts') }, 'broken', /ends early: \d+ frames of the 50/],
    ['one frame more', { frames: 49 }, 'warnings', /^frames 50, the dataset says 49$/],
    ['rate', { fps: 30 }, 'warnings', /^fps 25, the dataset says 30$/],
    ['size', { width: 32 }, 'warnings', /^size 64x48, the dataset says 32x48$/],
    ['length', { duration: 3 }, 'warnings', /^duration 2 s, the dataset says 3 s$/],
    ['mended', { problem: 'missing: no such video file' }, 'warnings', /can be decoded, but the dataset says: missing/],
    [
      'beyond',
      { instances: [{ start: 1, end: 2.5, label: 'run' }] },
      'warnings',
      /^1 annotation ends beyond its 2 s \(2.5 s\)$/,
    ],
    ['rounded', { instances: [{ start: 1, end: 2.04, label: 'run' }] }, undefined, /./],
    ['uneven', { path: uneven, ...(await probe(uneven)) }, 'warnings', /^variable frame rate: .* up to 0\.\d+ s/],
  ];
  saveDataset(file('dataset.json'), toDataset(cases.map(([id, changes]) => video(id, changes))));
  const told: number[] = [];
  const check = await checkVideos(file('dataset.json'), (done, total) => told.push(done / total));
  assert.equal(check.ok, 9);
  for (const [id, , list, reason] of cases) {
    for (const other of ['missing', 'broken', 'warnings'] as const) {
      const found = check[other].find((finding) => finding.video === id);
      assert.equal(found !== undefined, other === list, `${id} in ${other}: ${found?.reason ?? 'no'}`);
      if (found) assert.match(found.reason, reason, id);
    }
  }
  assert.deepEqual(told, cases.map((_, i) => (i + 1) / cases.length)); // prettier-ignore
});

test('videos as YouTube hands them out are good', async () => {
  const made = makeDownloads(file('downloads'));
  assert.deepEqual(await checkVideos(made), { ok: 2, missing: [], broken: [], warnings: [] });
});

const real = shared('data', 'anet_two_videos');
test('real videos are good', { skip: missing(real) }, async () => {
  assert.deepEqual(await checkVideos(real), { ok: 2, missing: [], broken: [], warnings: [] });
});

test('a call without videos is wrong', async () => {
  mkdirSync(file('nothing'));
  await assert.rejects(checkVideos(file('nothing')), UsageError);
  await assert.rejects(checkVideos(file('absent')), UsageError);
});
