import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamFrames } from '../../../src/data/frames/stream.js';
import { WorkError } from '../../../src/system/errors.js';
import { decodeFrames } from '../../../src/video/decode.js';
import { testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

const file = testVideo(path.join(temporaryFolder(), 'a.mp4'), { seconds: 8 });
const request = {
  file,
  indices: Int32Array.from({ length: 200 }, (_, i) => i),
  scale: [64, 48] as const,
  crop: { x: 0, y: 0, width: 64, height: 48 },
  flip: false,
};

test('frames come in order and are those of the decoder; a slow reader misses none', async () => {
  const parts: Uint8Array[] = [];
  for await (const part of streamFrames(request, 30, 1)) {
    parts.push(part);
    if (parts.length === 2) await sleep(100);
  }
  assert.equal(parts.length, 7);
  assert.ok(Buffer.concat(parts).equals(await decodeFrames(file, request)));
});

test('an unreadable video is an error of the user; who leaves early is not waited for', async () => {
  await assert.rejects(
    streamFrames({ ...request, file: '/no/such.mp4' }, 30, 1).next(),
    (error) => error instanceof WorkError && error.message.includes('/no/such.mp4'),
  );
  await assert.rejects(streamFrames({ ...request, indices: Int32Array.of(-1) }, 30, 1).next(), /frame -1|Range/);
  for await (const part of streamFrames(request, 1, 1)) {
    assert.equal(part.length, 64 * 48 * 3);
    break;
  }
});
