import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { startFrameLoader } from '../../../src/data/frames/loader.js';
import { WorkError } from '../../../src/system/errors.js';
import { decodeFrames } from '../../../src/video/decode.js';
import { testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

const file = testVideo(path.join(temporaryFolder(), 'a.mp4'), { size: '48x32' });
const options = { processes: 2, memory: 1e8, disk: null };
const request = (frame: number, of = file) => ({
  file: of,
  indices: Int32Array.of(frame, 0),
  scale: [16, 16] as const,
  crop: { x: 2, y: 1, width: 12, height: 8 },
  flip: true,
  family: Int32Array.from({ length: 50 }, (_, i) => i),
});

test('frames come from the thread as they come from the decoder, each answer to its request', async () => {
  const { load, close } = startFrameLoader(options);
  const got = await Promise.all(Array.from({ length: 50 }, (_, frame) => load(request(frame))));
  for (const frame of [0, 7, 49]) assert.deepEqual(got[frame], await decodeFrames(file, request(frame)));
  close();
});

test('they come while this thread is busy', async () => {
  const { load, close } = startFrameLoader(options);
  await load(request(0));
  const asked = Array.from({ length: 10 }, (_, i) => load({ ...request(i), scale: [20, 20 + i] }));
  // Requests are sent in the next turn of the event loop; then this thread is blocked for as long as decoding takes.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const until = performance.now() + 3000;
  while (performance.now() < until);
  // What was decoded meanwhile waits in the queue of messages: a few turns of the event loop take it all.
  let settled = 0;
  for (const one of asked) void one.then(() => settled++);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, asked.length);
  close();
});

test('an unreadable video is the error it is without a thread, and the thread goes on', async () => {
  const { load, close } = startFrameLoader(options);
  await assert.rejects(load(request(0, '/no/such.mp4')), (error) => {
    assert.ok(error instanceof WorkError);
    assert.match(error.message, /cannot decode \/no\/such\.mp4/);
    return true;
  });
  assert.equal((await load(request(1))).length, 2 * 12 * 8 * 3);
  const wrong = { ...request(0), scale: [15, 16] as const, family: Int32Array.of(-1) };
  await assert.rejects(load({ ...wrong, indices: Int32Array.of(-1) }), /RangeError: frame -1 asked for/);
  close();
});

test('closed before it began, or with work under way', async () => {
  startFrameLoader(options).close();
  const { load, close } = startFrameLoader(options);
  void load(request(0)).then(
    () => assert.fail('dropped'),
    () => undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  close();

  // Answers that arrive after closing are dropped.
  const other = startFrameLoader(options);
  await other.load(request(0));
  const dropped = [1, 2, 3].map((frame) => other.load(request(frame)));
  const until = performance.now() + 100;
  while (performance.now() < until);
  other.close();
  for (const load of dropped)
    void load.then(
      () => assert.fail('dropped'),
      () => undefined,
    );
  await new Promise((resolve) => setTimeout(resolve, 100));
});
