import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../src/config/schema.js';
import type { Video } from '../../../src/data/dataset.js';
import type { FrameRequest } from '../../../src/data/frames/request.js';
import { snippetFrames } from '../../../src/data/views/sampling.js';
import { startEngine } from '../../../src/engine/backend.js';
import type { LoadedEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { fullFidelityFeatures, fullFidelityRequest } from '../../../src/stages/encoder/full-fidelity.js';
import type { Run } from '../../../src/stages/run/run.js';
import { WorkError } from '../../../src/system/errors.js';
import { assertClose } from '../../support/numeric.js';

await startEngine();

const video = (id: string, frames: number): Video => ({
  ...{ id, subset: 'training', path: `/${id}.mp4`, duration: frames / 10, fps: 10, frames },
  ...{ width: 64, height: 48, instances: [] },
});
const full = { snippets: 8, size: 2 };
const sampling = { frames: 2, stride: 1 };

/** One channel: the mean number of a snippet's frames, since a frame's pixels are its number. */
const loaded = {
  encoder: { channels: 1, encode: (x: tf.Tensor) => tf.mean(tf.mean(x, [3, 4, 5]), 2, true) },
  parameters: {},
} as unknown as LoadedEncoder;

/** A run whose videos are read as `read` says; what was read at once, in snippets, is noted. */
function runOf(model: object, read: (request: FrameRequest) => void = () => undefined) {
  const atOnce: number[] = [];
  const load = (request: FrameRequest) => {
    read(request);
    atOnce.push(request.indices.length / sampling.frames);
    const bytes = [...request.indices].flatMap((index) => new Array<number>(2 * 2 * 3).fill(index));
    return Promise.resolve(Uint8Array.from(bytes));
  };
  const config = configSchema.parse({ encoder: { shift: 0, ...sampling }, full, model: { k: 2, ...model } });
  return { run: { config, frames: { load } } as unknown as Run, atOnce };
}

async function found(run: Run, ...videos: Video[]) {
  const before = tf.memory().numTensors;
  const all = [];
  for await (const { video, features, error } of fullFidelityFeatures(run, loaded, videos)) {
    all.push({ id: video.id, shape: features?.shape, data: [...(features?.data ?? [])], error: error?.message });
  }
  assert.equal(tf.memory().numTensors, before);
  return all;
}
const means = (frames: number, snippets: number) => {
  const indices = snippetFrames({ frames, snippets, perSnippet: sampling.frames, stride: sampling.stride });
  return Array.from({ length: snippets }, (_, i) => (indices[2 * i]! + indices[2 * i + 1]!) / 2);
};

test('a whole video: the snippets of full fidelity, at once', async () => {
  const { run, atOnce } = runOf({});
  const [a, b] = await found(run, video('a', 100), video('b', 5));
  assert.deepEqual(
    [a!.shape, b!.shape, atOnce],
    [
      [8, 1],
      [8, 1],
      [8, 8],
    ],
  );
  assertClose(a!.data, means(100, 8), 1e-6);
  assertClose(b!.data, means(5, 8), 1e-6);
});

test('windows: a snippet every so many frames, read in parts', async () => {
  const { run, atOnce } = runOf({ window: { snippets: 16, every: 5 } });
  const [long, short] = await found(run, video('long', 101), video('short', 3));
  assert.deepEqual(
    [long!.shape, short!.shape, atOnce],
    [
      [21, 1],
      [1, 1],
      [8, 8, 5, 1],
    ],
  );
  assertClose(long!.data, means(101, 21), 1e-6);
  assertClose(short!.data, means(3, 1), 1e-6);
});

test('a video of which a part cannot be read gives why, those after it their features', async () => {
  const { run } = runOf({ window: { snippets: 16, every: 5 } }, ({ file, indices }) => {
    if (file === '/bad.mp4' && indices[0]! > 30) throw new WorkError('bad.mp4 ends early');
  });
  const [bad, good] = await found(run, video('bad', 101), video('good', 10));
  assert.deepEqual([bad!.error, bad!.data], ['bad.mp4 ends early', []]);
  assert.deepEqual([good!.error, good!.shape], [undefined, [2, 1]]);
  await assert.rejects(
    found(
      runOf({}, () => {
        throw new TypeError('ours');
      }).run,
      video('a', 10),
    ),
    TypeError,
  );
});

test('view 0 is what detection sees; others are random crops, different for each view, video and seed', () => {
  const config = (seed: number) =>
    configSchema.parse({ seed, full: { snippets: 8, size: 112 }, model: { k: 2 }, data: { flip: false } });
  const viewed = (view: number, id = 'a', seed = 0) => {
    const { indices, scale, crop, flip } = fullFidelityRequest(config(seed), video(id, 100), 8, view);
    return { indices: [...indices], scale, crop, flip };
  };
  const centre = { x: 29, y: 8, width: 112, height: 112 };
  assert.deepEqual(viewed(0), { ...viewed(1), crop: centre });
  assert.deepEqual(viewed(0, 'b', 1), viewed(0));
  assert.deepEqual(viewed(1), viewed(1));
  const places = [viewed(1), viewed(2), viewed(1, 'b'), viewed(1, 'a', 1)].map(({ crop: { x, y } }) => `${x} ${y}`);
  assert.equal(new Set(places).size, 4);
});
