import type { Config } from '../../config/schema.js';
import { drawColor } from '../../data/frames/color.js';
import type { FrameRequest, FrameSource } from '../../data/frames/request.js';
import { blendStills } from '../../data/frames/still.js';
import { clipName, type MeasuredClip } from '../../data/measured-clips.js';
import { prefetch } from '../../data/frames/prefetch.js';
import { clipRequest } from '../../data/views/snippets.js';
import { clipTrainTransform, videoTrainTransform } from '../../data/views/transform.js';
import { randomStream } from '../../engine/random.js';
import type { Batch } from '../../train/loop.js';
import {
  batchNormGroups,
  drawStride,
  epochShapes,
  segmentAt,
  type BatchShape,
  type MultigridSegment,
} from '../../train/schedule/multigrid.js';
import { inBatches } from '../../train/batches/shuffled.js';
import { readSamples } from '../training/read-samples.js';
import { viewRequests, type Views } from '../../data/views/clip-views.js';

/** A batch of samples of clips, all of one shape. */
export interface ClipBatch extends Batch {
  ids: string[];
  clips: MeasuredClip[];
  /** The frames of each sample, `[shape.frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
  /** Frames of a sample, and their side in pixels. */
  shape: Pick<BatchShape, 'frames' | 'size'>;
  skipped: string[];
}

/** The sections of a configuration that decide the batches of stage 1. */
type ClipBatchOptions = Pick<Config, 'seed' | 'data' | 'encoder' | 'pretrain'>;

interface Sample {
  clip: MeasuredClip;
  request: FrameRequest;
}

/**
 * Yields the batches of an epoch of `pretrain`, read ahead. Every clip occurs once an epoch, with a random view and
 * random frames.
 *
 * @param plan - Multigrid's plan, which gives the shapes of batches and their groups; null: all have the same shape.
 * @param which - The batches `from` ≤ i < `to` of `epoch`; epochs and batches count from 0.
 */
export function clipBatches(
  config: ClipBatchOptions,
  load: FrameSource,
  clips: readonly MeasuredClip[],
  plan: readonly MultigridSegment[] | null,
  { epoch, from, to }: { epoch: number; from?: number; to?: number },
): AsyncIterable<ClipBatch> {
  const { seed, data, encoder, pretrain } = config;
  const { resize, flip } = data;
  const segment = plan && segmentAt(plan, epoch);
  const sample = (clip: MeasuredClip, { frames: count, size }: BatchShape): Sample => {
    const random = randomStream(seed, 'pretrain', 'sample', epoch, clipName(clip));
    const stride = segment ? drawStride(segment, random) : encoder.stride;
    // The smallest crop scale shrinks in proportion to the frame size (docs/method.md §5.6).
    const smallest = (0.66 * size) / pretrain.size;
    const transform =
      resize === 'squash'
        ? videoTrainTransform(clip.file, size, resize, { flip }, random)
        : clipTrainTransform(clip.file, size, { flip, scales: [1, 0.875, 0.75, smallest] }, random);
    const view = { ...transform, color: drawColor(data.colorJitter, random) };
    const sampling = { count, stride, mode: pretrain.sampling, fps: data.fps };
    return { clip, request: clipRequest(clip, size, sampling, view, random) };
  };
  const full = { frames: encoder.frames, size: pretrain.size, batch: pretrain.batch };
  const shapes = segment ? epochShapes(segment, clips.length) : evenShapes(full, clips.length);
  const order = randomStream(seed, 'pretrain', 'order', epoch).shuffled(clips);
  let taken = 0;
  const planned = shapes.map((shape, i): PlannedBatch => {
    const list = order.slice(taken, (taken += shape.batch));
    return {
      samples: () => list.map((clip) => sample(clip, shape)),
      change(frames) {
        blendStills(frames, 3 * shape.size ** 2, data.still, randomStream(seed, 'pretrain', 'still', epoch, i));
      },
      ...(segment && { groups: (clips) => batchNormGroups(segment, clips) }),
    };
  });
  return loaded(config, load, planned.slice(from, to));
}

/** Yields every clip in all its views, without randomness, as many samples at a time as in training. */
export function validationBatches(
  config: ClipBatchOptions,
  load: FrameSource,
  clips: readonly MeasuredClip[],
  views: Views,
): AsyncIterable<ClipBatch> {
  const { encoder, pretrain, data } = config;
  const sampling = { count: encoder.frames, stride: encoder.stride, mode: pretrain.sampling, fps: data.fps };
  const options = { size: pretrain.size, resize: data.resize, sampling };
  const perClip = views.clips * views.crops;
  const samples = clips.flatMap((clip) => Array.from({ length: perClip }, (_, view) => ({ clip, view })));
  const planned = inBatches(samples, pretrain.microBatch ?? pretrain.batch).map((list) => ({
    samples: () => list.map(({ clip, view }) => ({ clip, request: viewRequests(clip, views, options)[view]! })),
  }));
  return loaded(config, load, planned);
}

interface PlannedBatch {
  samples: () => Sample[];
  /** Augments the frames in place. */
  change?: (frames: readonly Uint8Array[]) => void;
  /** The sizes of the groups that a number of clips is normalised in. */
  groups?: (clips: number) => number[];
}

function loaded(
  config: ClipBatchOptions,
  load: FrameSource,
  planned: readonly PlannedBatch[],
): AsyncIterable<ClipBatch> {
  const jobs = planned.map(({ samples, change, groups }) => async () => {
    const batch = samples();
    const { items, frames, skipped } = await readSamples(batch, config.data.missing, ({ request }) => load(request));
    change?.(frames);
    const clips = items.map(({ clip }) => clip);
    const { indices, crop } = batch[0]!.request;
    const shape = { frames: indices.length, size: crop.width };
    return { ids: clips.map(clipName), clips, frames, shape, skipped, ...(groups && { groups: groups(clips.length) }) };
  });
  return prefetch(jobs, config.data.prefetch);
}

function evenShapes(shape: BatchShape, clips: number): BatchShape[] {
  return Array.from({ length: Math.ceil(clips / shape.batch) }, () => shape);
}
