import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { frameMemory } from '../../src/data/frame-memory.js';
import { randomStream } from '../../src/engine/random.js';
import { decodeFrames } from '../../src/video/decode.js';
import { encodeVideo } from '../../src/video/encode.js';

let folder: string;
let file: string;
const frames = 20;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'frame-memory-'));
  file = path.join(folder, 'noise.mp4');
  const random = randomStream(1);
  const noise = () => Uint8Array.from({ length: 48 * 32 * 3 }, () => random.below(256));
  await encodeVideo(file, { width: 48, height: 32, fps: [12, 1], frames: Array.from({ length: frames }, noise) });
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

const family = Array.from({ length: frames }, (_, i) => i);

void test('kept frames are those that ffmpeg would crop and mirror', async () => {
  const source = frameMemory(1e8);
  const random = randomStream(2);
  for (let trial = 0; trial < 8; trial++) {
    const request = {
      indices: Array.from({ length: 5 }, () => random.below(frames)),
      scale: [27, 21] as const,
      crop: { x: random.below(8), y: random.below(6), width: 19, height: 15 },
      flip: trial % 2 === 1,
    };
    assert.deepEqual(await source(file, request, family), await decodeFrames(file, request));
  }
});

void test('the file is not read again once its frames are kept, and is where they do not fit', async () => {
  const request = { indices: [3], scale: [16, 16] as const, crop: { x: 0, y: 0, width: 16, height: 16 }, flip: false };
  const copy = path.join(folder, 'copy.mp4');
  const { copyFileSync } = await import('node:fs');
  copyFileSync(file, copy);
  const roomy = frameMemory(frames * 16 * 16 * 3);
  const cramped = frameMemory(frames * 16 * 16 * 3 - 1);
  const first = await roomy(copy, request, family);
  await cramped(copy, request, family);
  rmSync(copy);
  assert.deepEqual(await roomy(copy, request, family), first);
  await assert.rejects(cramped(copy, request, family), /cannot decode/);
});
