import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { WorkError } from '../../src/system/errors.js';
import { decodeFrames } from '../../src/video/decode.js';
import { decodeParts } from '../../src/video/decode-parts.js';
import { testVideo, whole } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const file = testVideo(path.join(temporaryFolder(), 'a.mp4'), { seconds: 4 });
const view = { scale: [20, 16] as const, crop: { x: 3, y: 1, width: 12, height: 14 }, flip: true };
/** Overlapping snippets of four frames, clamped to either end of the video. */
const indices = Array.from({ length: 25 }, (_, i) => 4 * i - 6).flatMap((first) =>
  [0, 3, 6, 9].map((offset) => Math.min(99, Math.max(0, first + offset))),
);

test('the parts laid end to end are what comes at once', async () => {
  const expected = await decodeFrames(file, { ...view, indices });
  for (const length of [4, 12, 28, 1000]) {
    const parts: Uint8Array[] = [];
    await decodeParts(file, { ...view, indices }, length, (part) => parts.push(part));
    const frameBytes = 12 * 14 * 3;
    assert.deepEqual(
      parts.map((part) => part.length / frameBytes),
      Array.from({ length: Math.ceil(100 / length) }, (_, i) => Math.min(length, 100 - i * length)),
    );
    assert.ok(Buffer.concat(parts).equals(expected), `in parts of ${length}`);
  }
});

test('a few frames missing at the end are replaced by the last one; more are an error after those parts', async () => {
  const all = whole(64, 48);
  const parts: Uint8Array[] = [];
  await decodeParts(file, { ...all, indices: [97, 98, 99, 101] }, 2, (part) => parts.push(part));
  const [, last] = parts as [Uint8Array, Uint8Array];
  assert.ok(Buffer.from(last.subarray(0, last.length / 2)).equals(last.subarray(last.length / 2)));
  let came = 0;
  await assert.rejects(
    decodeParts(file, { ...all, indices: [10, 20, 98, 102] }, 2, () => came++),
    (error) =>
      error instanceof WorkError && /cannot decode .*a\.mp4: frame 100 of 103 did not come/.test(error.message),
  );
  assert.equal(came, 1);
  await assert.rejects(
    decodeParts('/no/such.mp4', { ...all, indices: [0] }, 1, () => undefined),
    WorkError,
  );
});

test('who takes a part may end it all', async () => {
  let came = 0;
  const enough = new Error('enough');
  await assert.rejects(
    decodeParts(file, { ...view, indices }, 4, () => {
      came++;
      throw enough;
    }),
    enough,
  );
  assert.equal(came, 1);
});
