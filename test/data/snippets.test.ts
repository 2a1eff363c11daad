import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Video } from '../../src/data/dataset.js';
import { clipFrames, snippetFrames } from '../../src/data/sampling.js';
import { loadClip, loadSnippets } from '../../src/data/snippets.js';
import { clipTrainTransform, evalTransform, videoTrainTransform } from '../../src/data/transform.js';
import { randomStream } from '../../src/engine/random.js';
import { WorkError } from '../../src/system/errors.js';
import { decodeFrames } from '../../src/video/decode.js';
import { probe } from '../../src/video/probe.js';
import { temporaryFolder, testVideo } from '../video/fixture.js';

const folder = temporaryFolder();
const file = testVideo(path.join(folder, 'a.mp4'), { size: '80x60', seconds: 6 });

async function video(): Promise<Video> {
  return { id: 'a', subset: 'training', path: file, ...(await probe(file)), instances: [] };
}

test('snippets at each fidelity are the frames of the grid', async () => {
  const a = await video();
  for (const [snippets, size] of [
    [10, 28],
    [3, 56],
    [5, 40],
  ] as const) {
    const transform = evalTransform(a, size, 'crop');
    const bytes = await loadSnippets(a, { snippets, size }, { frames: 4, stride: 3 }, transform);
    assert.equal(bytes.length, snippets * 4 * size * size * 3);
    const indices = snippetFrames({ frames: 150, snippets, perSnippet: 4, stride: 3 });
    const last = indices.length - 1;
    const one = await decodeFrames(file, { indices: [indices[last]!], ...transform });
    assert.deepEqual(bytes.subarray(last * size * size * 3), one);
  }
});

test('one crop and flip for all frames of a video, the same for the same stream', async () => {
  const a = await video();
  const load = (epoch: number) => {
    const transform = videoTrainTransform(a, 28, 'crop', { flip: true }, randomStream(1, 'augment', epoch, a.id));
    return loadSnippets(a, { snippets: 4, size: 28 }, { frames: 2, stride: 4 }, transform);
  };
  assert.deepEqual(await load(1), await load(1));
  assert.notDeepEqual(await load(1), await load(2));
});

test('a clip gives the frames of its sampling', async () => {
  const clip = { path: file, label: 'x', subset: 'training' };
  const sampling = { count: 8, stride: 4, mode: 'dense' } as const;
  const bytes = await loadClip(clip, 32, sampling, (source) => evalTransform(source, 32, 'squash'));
  const indices = clipFrames({ frames: 150, ...sampling });
  assert.deepEqual(
    bytes,
    await decodeFrames(file, { indices, ...evalTransform({ width: 80, height: 60 }, 32, 'squash') }),
  );

  const train = (name: string) => {
    const random = randomStream(1, name);
    const scales = [1, 0.875, 0.75, 0.66];
    return loadClip(
      clip,
      32,
      sampling,
      (source) => clipTrainTransform(source, 32, { flip: true, scales }, random),
      undefined,
      random,
    );
  };
  assert.equal((await train('a')).length, 8 * 32 * 32 * 3);
  assert.deepEqual(await train('a'), await train('a'));
  assert.notDeepEqual(await train('a'), await train('b'));
});

test('a video with a problem is refused by its name', async () => {
  const broken = { ...(await video()), problem: 'missing: no such video file' };
  const transform = evalTransform(broken, 28, 'crop');
  await assert.rejects(
    loadSnippets(broken, { snippets: 1, size: 28 }, { frames: 1, stride: 1 }, transform),
    (error) => {
      assert.ok(error instanceof WorkError);
      assert.equal(error.message, 'video a cannot be used: missing: no such video file');
      return true;
    },
  );
});

test('a transform of another size is a mistake in the program', async () => {
  const a = await video();
  const load = loadSnippets(a, { snippets: 1, size: 56 }, { frames: 1, stride: 1 }, evalTransform(a, 28, 'crop'));
  await assert.rejects(load, /28x28, not 56x56/);
});
