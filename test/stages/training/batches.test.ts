import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { before, test } from 'node:test';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { loadClips } from '../../../src/data/clips.js';
import { loadDataset, videosOf, type Video } from '../../../src/data/dataset.js';
import { startFrameLoader } from '../../../src/data/frames/loader.js';
import type { FrameRequest, FrameSource } from '../../../src/data/frames/request.js';
import type { FrameSourceOptions } from '../../../src/data/frames/frame-source.js';
import { measureClips, type MeasuredClip } from '../../../src/data/measured-clips.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { clipBatches } from '../../../src/stages/pretrain/clip-batches.js';
import { batchSizes, epochShapes, multigridPlan, segmentAt } from '../../../src/train/schedule/multigrid.js';
import { evenSizes, shuffledBatches } from '../../../src/train/samplers/shuffled.js';
import { videoBatches } from '../../../src/stages/joint/video-batches.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
let videos: Video[];
let clips: MeasuredClip[];
let classes: string[];

before(async () => {
  await synthesize({ out: folder, videos: 8, classes: 2, clipsPerClass: 4, seed: 1 });
  const dataset = loadDataset(path.join(folder, 'dataset.json'));
  videos = videosOf(dataset, 'training');
  ({ classes } = dataset);
  ({ clips } = await measureClips(loadClips(path.join(folder, 'clips.csv')), path.join(folder, 'clips.json')));
});

const config: Config = configSchema.parse({
  seed: 3,
  data: { colorJitter: 0.2, still: 0.5 },
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

/** All batches of an epoch, in which every item occurs once. */
const whole = (stage: string, items: number, sizes: readonly number[], epoch: number) =>
  [shuffledBatches(items, sizes, 3, stage, epoch), { epoch, from: 0, to: sizes.length }] as const;
const videosOfEpoch = (of: Config, load: FrameSource, epoch: number) =>
  videoBatches(
    ...([of, load, videos, classes] as const),
    ...whole('joint', videos.length, evenSizes(videos.length, of.joint.batch), epoch),
  );
const clipsOfEpoch = (of: Config, load: FrameSource, plan: Plan, sizes: readonly number[], epoch: number) =>
  clipBatches(of, load, clips, plan, ...whole('pretrain', clips.length, sizes, epoch));
type Plan = ReturnType<typeof multigridPlan> | null;

/** The batches of two epochs of both stages: the items, shape, and hash of the bytes of each. */
async function epochs(options: FrameSourceOptions): Promise<unknown[]> {
  const { load, close } = startFrameLoader(options);
  const seen: unknown[] = [];
  for (const epoch of [0, 1]) {
    for await (const { ids, frames, shape } of videosOfEpoch(config, load, epoch)) {
      seen.push([ids, shape, frames.map(sha256)]);
    }
    for await (const { ids, frames } of clipsOfEpoch(config, load, null, evenSizes(clips.length, 3), epoch))
      seen.push([ids, frames.map(sha256)]);
  }
  close();
  return seen;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the same seed gives the same batches, byte for byte, from 1 or 4 processes, with or without caches', async () => {
  const expected = await epochs({ processes: 1, memory: 0, disk: null });
  const hashes = expected.flatMap((batch) => (batch as unknown[]).at(-1) as string[]);
  assert.equal(hashes.length, 2 * (videos.length + clips.length));
  // No two samples are equal, not even in different epochs.
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
    const sizes = batchSizes(shapes, clips.length);
    const seen: string[] = [];
    let i = 0;
    for await (const { ids, frames, shape, groups } of clipsOfEpoch(coarse, load, plan, sizes, epoch)) {
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

test('where the head sees windows, stage 2 sees a random one of each video: its frames and its instances', async () => {
  const windowed = configSchema.parse({
    ...{ seed: 3, data: { resize: 'squash', flip: false, fps: 5 }, encoder: { frames: 1, stride: 1 } },
    full: { snippets: 8, size: 16 },
    model: { window: { snippets: 16, every: 2 } },
    joint: { batch: 1, shapes: [{ snippets: 4, size: 16 }] },
  });
  const asked = new Map<string, number[]>();
  const load = (request: FrameRequest) => {
    asked.set(request.file, [...request.indices]);
    assert.deepEqual(
      [...request.family!],
      [...new Set(request.family)].sort((a, b) => a - b),
    );
    return Promise.resolve(new Uint8Array(request.indices.length * 16 * 16 * 3));
  };
  const starts = new Set<number>();
  for (const epoch of [0, 1, 2]) {
    for await (const { ids, instances, shape } of videosOfEpoch(windowed, load, epoch)) {
      assert.deepEqual(shape, { snippets: 4, size: 16 });
      const video = videos.find(({ id }) => id === ids[0])!;
      const indices = asked.get(video.path)!;
      // Eight snippets of two fifths of a second are seen by four: their middles are 0.8 s apart, and the first one's
      // is its second frame of four, at 0.2 s.
      const seconds = indices.map((frame) => frame / video.fps);
      for (let i = 1; i < 4; i++) assert.ok(Math.abs(seconds[i]! - seconds[i - 1]! - 0.8) < 0.15, seconds.join());
      const from = seconds[0]! - 0.2;
      starts.add(Math.round(from));
      assert.ok(from > -0.15 && from + 3.2 < video.duration + 0.15);
      const expected = video.instances
        .map(({ start, end, label }) => ({
          start: (start - from) / 3.2,
          end: (end - from) / 3.2,
          label: classes.indexOf(label),
        }))
        .filter(({ start, end }) => start < 1 && end > 0);
      const close = (a: number, b: number) => Math.abs(a - b) < 0.06;
      for (const one of instances[0]!) {
        const there = expected.some((e) => e.label === one.label && close(e.start, one.start) && close(e.end, one.end));
        assert.ok(there || close(one.end, 0) || close(one.start, 1), JSON.stringify([one, expected]));
      }
    }
  }
  assert.ok(starts.size > 3, 'another window each time');
});
