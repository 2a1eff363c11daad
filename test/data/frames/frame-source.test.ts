import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FrameRequest } from '../../../src/data/frames/request.js';
import { frameSource, type FrameSourceOptions } from '../../../src/data/frames/frame-source.js';
import { randomStream } from '../../../src/engine/random.js';
import { WorkError } from '../../../src/system/errors.js';
import { decodeFrames } from '../../../src/video/decode.js';
import { endAllFfmpeg } from '../../../src/video/process.js';
import { hoursOfVideo, lastOfHours, testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const frames = 50;
const file = testVideo(path.join(folder, 'a.mp4'), { size: '48x32' });
const family = Int32Array.from({ length: frames }, (_, i) => i);
const familyBytes = frames * 27 * 21 * 3;

const none: FrameSourceOptions = { processes: 2, memory: 0, disk: null };
const start = (options: Partial<FrameSourceOptions>) =>
  frameSource({ ...none, ...options }, (line) => {
    assert.fail(line);
  });

function requests(of = file): FrameRequest[] {
  const random = randomStream(2);
  return Array.from({ length: 12 }, (_, i) => ({
    file: of,
    indices: Int32Array.from({ length: 5 }, () => random.below(frames)),
    scale: [27, 21],
    crop: { x: random.below(8), y: random.below(6), width: 19, height: 15 },
    flip: i % 2 === 1,
    ...(i % 3 > 0 && { family }),
    ...(i % 4 === 3 && { color: [1.2, 0, 0, 3, 0, 0.9, 0, 0, 0, 0, 1, -20] }),
  }));
}

/** A copy of the video that a test may delete, and the folder of a cache. */
function copy(t: TestContext) {
  const of = path.join(folder, `${t.name.replace(/\W/g, '-')}.mp4`);
  copyFileSync(file, of);
  return { of, cache: path.join(folder, `${t.name.replace(/\W/g, '-')}-cache`) };
}

test('the same bytes from 1 or 4 processes, from memory, disk, or both, cold and warm', async () => {
  const expected = await Promise.all(requests().map(start({ processes: 1 })));
  for (const [i, request] of requests().entries()) {
    if (!request.color) assert.deepEqual(expected[i], await decodeFrames(file, request));
  }
  const disk = { folder: path.join(folder, 'cache'), limit: 1e8 };
  for (const options of [
    { processes: 4 },
    { memory: 1e8 },
    { memory: 1e8, processes: 4 },
    { disk },
    { disk, processes: 4 },
    { disk, memory: 1e8 },
    { disk, memory: familyBytes - 1 },
    { disk: { ...disk, limit: 100 } },
  ]) {
    const source = start(options);
    for (const round of ['cold', 'warm']) {
      assert.deepEqual(await Promise.all(requests().map(source)), expected, `${JSON.stringify(options)} ${round}`);
    }
  }
  assert.equal(readdirSync(disk.folder).length, 1);
});

test('memory: the file is not read again once its frames are kept, and is where they do not fit', async (t) => {
  const { of } = copy(t);
  const [request] = requests(of).filter((one) => one.family) as [FrameRequest];
  const roomy = start({ memory: familyBytes });
  const cramped = start({ memory: familyBytes - 1 });
  const first = await roomy(request);
  await cramped(request);
  rmSync(of);
  assert.deepEqual(await roomy(request), first);
  await assert.rejects(cramped(request), /cannot decode/);
});

test('disk: another process finds the frames, unless the file has changed', async (t) => {
  const { of, cache } = copy(t);
  const disk = { folder: cache, limit: 1e8 };
  const [request] = requests(of).filter((one) => one.family) as [FrameRequest];
  const { size } = statSync(of);
  utimesSync(of, 1000, 1000);
  const first = await start({ disk })(request);
  // Name, length and time, which is all that the cache looks at, are the same. The frames come
  // although the video is gone.
  writeFileSync(of, Buffer.alloc(size));
  utimesSync(of, 1000, 1000);
  assert.deepEqual(await start({ disk })(request), first);
  utimesSync(of, 1000, 1001);
  await assert.rejects(start({ disk })(request), /cannot decode/);
});

test('a failed request is not kept: the next one tries again', async (t) => {
  const { of } = copy(t);
  const source = start({ memory: 1e8 });
  const [request] = requests(of).filter((one) => one.family) as [FrameRequest];
  rmSync(of);
  await assert.rejects(source(request), /cannot decode/);
  copyFileSync(file, of);
  assert.equal((await source(request)).length, 5 * 19 * 15 * 3);
});

test('a read that hangs is an error that names the file and the key, and others are served', async () => {
  // Hours of video are decoded before the frame that is asked for.
  const hours = hoursOfVideo(path.join(folder, 'hanging.mp4'));
  const source = start({ processes: 1, seconds: 0.5 });
  const [hanging, other] = await Promise.allSettled([
    source({ ...requests()[0]!, indices: Int32Array.of(lastOfHours), file: hours }),
    source(requests()[1]!),
  ]);
  assert.equal(hanging.status, 'rejected');
  assert.ok(hanging.reason instanceof WorkError);
  assert.match(hanging.reason.message, /hanging\.mp4: no frames after 0\.5 s \(data\.stallSeconds\)/);
  assert.equal(other.status, 'fulfilled');
  endAllFfmpeg();
});
