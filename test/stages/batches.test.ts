import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { before, test } from 'node:test';
import { configSchema, type Config } from '../../src/config/schema.js';
import { loadClips } from '../../src/data/clips.js';
import { loadDataset, videosOf, type Video } from '../../src/data/dataset.js';
import { startFrameLoader } from '../../src/data/frames/loader.js';
import type { FrameSourceOptions } from '../../src/data/frames/source.js';
import { measureClips, type MeasuredClip } from '../../src/data/measured-clips.js';
import { synthesize } from '../../src/data/synth.js';
import { clipBatches } from '../../src/stages/clip-batches.js';
import { epochShapes, multigridPlan, segmentAt } from '../../src/train/multigrid.js';
import { videoBatches } from '../../src/stages/video-batches.js';
import { temporaryFolder } from '../video/fixture.js';

const folder = temporaryFolder();
let videos: Video[];
let clips: MeasuredClip[];

before(async () => {
  await synthesize({ out: folder, videos: 8, classes: 2, clipsPerClass: 4, seed: 1 });
  videos = videosOf(loadDataset(path.join(folder, 'dataset.json')), 'training');
  ({ clips } = await measureClips(loadClips(path.join(folder, 'clips.csv')), path.join(folder, 'clips.json')));
});

const config: Config = configSchema.parse({
  seed: 3,
  data: { colorJitter: 0.2 },
  encoder: { frames: 2, stride: 3 },
  pretrain: { batch: 3, size: 24 },
  joint: {
    batch: 2,
    shapes: [
      { snippets: 8, size: 16 },
      { snippets: 4, size: 32 },
    ],
    cycle: { unit: 'batch', length: 1 },
  },
});

/** What two epochs of both stages give: of each batch its items, its shape, and a hash of its bytes. */
async function epochs(options: FrameSourceOptions): Promise<unknown[]> {
  const { load, close } = startFrameLoader(options);
  const seen: unknown[] = [];
  for (const epoch of [0, 1]) {
    for await (const { ids, frames, shape } of videoBatches(config, load, videos, epoch)) {
      seen.push([ids, shape, frames.map(sha256)]);
    }
    for await (const { ids, frames } of clipBatches(config, load, clips, epoch, null))
      seen.push([ids, frames.map(sha256)]);
  }
  close();
  return seen;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the same seed gives the same batches, byte for byte, from 1 or 4 processes, with memory and disk cache on or off', async () => {
  const expected = await epochs({ processes: 1, memory: 0, disk: null });
  const hashes = expected.flatMap((batch) => (batch as unknown[]).at(-1) as string[]);
  assert.equal(hashes.length, 2 * (videos.length + clips.length));
  // No sample is like another, in another epoch neither.
  assert.equal(new Set(hashes).size, hashes.length);

  const disk = { folder: path.join(folder, 'cache'), limit: 1e9 };
  for (const options of [
    { processes: 4, memory: 0, disk: null },
    { processes: 1, memory: 1e9, disk: null },
    { processes: 4, memory: 0, disk },
    { processes: 1, memory: 0, disk },
    { processes: 4, memory: 2e6, disk },
  ]) {
    assert.deepEqual(await epochs(options), expected, JSON.stringify(options));
  }
});

test('multigrid: every clip once an epoch, in batches of the shapes and groups of its plan', async () => {
  const { load, close } = startFrameLoader({ processes: 2, memory: 0, disk: null });
  const coarse: Config = configSchema.parse({
    seed: 3,
    encoder: { frames: 4, stride: 2 },
    pretrain: { batch: 2, size: 32, epochs: 4, lrSteps: [2], multigrid: { batchNormBase: 2, epochFactor: 1 } },
  });
  const plan = multigridPlan(coarse.pretrain.multigrid!, { ...coarse.pretrain, ...coarse.encoder });
  for (const epoch of [0, plan.at(-1)!.epochs.to - 1]) {
    const shapes = epochShapes(segmentAt(plan, epoch), clips.length);
    const seen: string[] = [];
    let i = 0;
    for await (const { ids, frames, shape, groups } of clipBatches(coarse, load, clips, epoch, plan)) {
      const { batch, ...expected } = shapes[i++]!;
      assert.deepEqual(shape, expected);
      assert.ok(ids.length === batch || i === shapes.length);
      for (const bytes of frames) assert.equal(bytes.length, shape.frames * shape.size ** 2 * 3);
      assert.equal(
        groups!.reduce((sum, group) => sum + group, 0),
        ids.length,
      );
      seen.push(...ids);
    }
    assert.equal(i, shapes.length);
    assert.equal(new Set(seen).size, clips.length);
    assert.equal(seen.length, clips.length);
  }
  close();
});
