import type { Config } from '../../config/schema.js';
import { drawColor } from '../../data/frames/color.js';
import { withOffset } from '../../data/frames/principal-colors.js';
import type { FrameRequest, FrameSource } from '../../data/frames/request.js';
import { clipName, type MeasuredClip } from '../../data/measured-clips.js';
import { blendStillsWithin } from '../../data/frames/still.js';
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
import type { Draw, DrawnItem } from '../../train/batches/draw.js';
import { divided, microBatches, slotsOf, type RankShare } from '../../train/ranks/division.js';
import { evenSizes } from '../../train/samplers/shuffled.js';
import { readSamples } from '../training/read-samples.js';
import type { DrawColorOffset } from './color-noise.js';
import { cropCount, viewRequests, type Views } from '../../data/views/clip-views.js';

/** A batch of samples of clips, all of one shape. */
export interface ClipBatch extends Batch {
  ids: string[];
  clips: MeasuredClip[];
  /** Which of its clip's views each sample is, from 0; 0 in training. */
  views: number[];
  /** The frames of each sample, `[shape.frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
  /** Frames of a sample, and their side in pixels. */
  shape: Pick<BatchShape, 'frames' | 'size'>;
  skipped: string[];
  /** Absent in validation. */
  drawn?: Draw;
}

/** The sections of a configuration that decide the batches of stage 1. */
type ClipBatchOptions = Pick<Config, 'seed' | 'data' | 'encoder' | 'pretrain'>;

interface Sample {
  clip: MeasuredClip;
  view: number;
  request: FrameRequest;
}

/**
 * The shapes of the batches of an epoch of `pretrain`, which has as many samples as there are clips.
 *
 * @param plan - Multigrid's plan; null: all batches have the same shape.
 */
export function clipShapes(
  { encoder, pretrain }: Pick<Config, 'encoder' | 'pretrain'>,
  plan: readonly MultigridSegment[] | null,
  clips: number,
): (epoch: number) => BatchShape[] {
  const full = { frames: encoder.frames, size: pretrain.size, batch: pretrain.batch };
  const even = evenSizes(clips, full.batch).map(() => full);
  return (epoch) => (plan ? epochShapes(segmentAt(plan, epoch), clips) : even);
}

/** Names the fidelity of a batch. */
export function clipShapeName({ frames, size }: ClipBatch['shape']): string {
  return `${frames}x${size}`;
}

/**
 * Yields batches of an epoch of `pretrain`, read ahead. Every sample has a random view and random frames.
 *
 * @param draw - The clips of each batch.
 * @param plan - Multigrid's plan, which gives the shapes of batches and their groups; null: all have the same shape.
 * @param which - The batches `from` ≤ i < `to` of `epoch`; epochs and batches count from 0.
 * @param offsetOf - Draws the colour noise of a sample; null: there is none.
 * @param share - Of each batch the micro-batches of this process are read.
 */
export function clipBatches(
  config: ClipBatchOptions,
  load: FrameSource,
  clips: readonly MeasuredClip[],
  plan: readonly MultigridSegment[] | null,
  draw: (batch: number) => Draw,
  { epoch, from, to }: { epoch: number; from: number; to: number },
  offsetOf: DrawColorOffset | null = null,
  share: RankShare = { rank: 0, count: 1 },
): AsyncIterable<ClipBatch> {
  const { seed, data, encoder, pretrain } = config;
  const { resize, flip } = data;
  const segment = plan && segmentAt(plan, epoch);
  const sample = (drawn: DrawnItem, { frames: count, size }: Pick<BatchShape, 'frames' | 'size'>): Sample => {
    const clip = clips[drawn.item]!;
    const random = randomStream(seed, 'pretrain', 'sample', epoch, clipName(clip), ...drawn.draw);
    const stride = segment ? drawStride(segment, random) : encoder.stride;
    // The smallest crop scale shrinks in proportion to the frame size (docs/method.md §5.6).
    const smallest = (0.66 * size) / pretrain.size;
    const transform =
      resize === 'squash'
        ? videoTrainTransform(clip.file, size, resize, { flip }, random)
        : clipTrainTransform(clip.file, size, { flip, scales: [1, 0.875, 0.75, smallest] }, random);
    const color = drawColor(data.colorJitter, random);
    const offset = offsetOf?.(epoch, clip, drawn.draw);
    const view = { ...transform, color: offset ? withOffset(color, offset) : color };
    const sampling = { count, stride, mode: pretrain.sampling, fps: data.fps };
    return { clip, view: 0, request: clipRequest(clip, size, sampling, view, random) };
  };
  const shapes = clipShapes(config, plan, clips.length)(epoch);
  const planned = shapes.slice(from, to).map((shape, offset): PlannedBatch => {
    const batch = from + offset;
    const drawn = draw(batch);
    const count = drawn.items.length;
    const groups = segment ? batchNormGroups(segment, count) : microBatches(count, pretrain.microBatch);
    const own = slotsOf(groups, share);
    return {
      shape: { frames: shape.frames, size: shape.size },
      samples: () => drawn.items.slice(own.from, own.to).map((one) => sample(one, shape)),
      training: { drawn, groups, first: own.from },
      change(frames, slots) {
        blendStillsWithin(frames, divided(groups, slots), 3 * shape.size ** 2, data.still, (...place) =>
          randomStream(seed, 'pretrain', 'still', epoch, batch, ...place),
        );
      },
    };
  });
  return loaded(config, load, planned);
}

/**
 * Yields every clip in all its views, as many samples at a time as in training.
 *
 * @param viewsOf - The views of a clip; they all have frames of the same size.
 */
export function validationBatches(
  config: ClipBatchOptions,
  load: FrameSource,
  clips: readonly MeasuredClip[],
  viewsOf: (clip: MeasuredClip) => Views,
): AsyncIterable<ClipBatch> {
  const { encoder, pretrain, data } = config;
  const sampling = { count: encoder.frames, stride: encoder.stride, mode: pretrain.sampling, fps: data.fps };
  const options = { size: pretrain.size, resize: data.resize, flip: data.flip, sampling };
  // Requests hold the numbers of all frames of a clip: they are made when they are needed, for one clip at a time.
  let last: { clip?: MeasuredClip; requests: FrameRequest[] } = { requests: [] };
  const requestOf = (clip: MeasuredClip, view: number) => {
    if (last.clip !== clip) last = { clip, requests: viewRequests(clip, viewsOf(clip), options) };
    return last.requests[view]!;
  };
  const samples = clips.flatMap((clip) => {
    const { clips: times, crops } = viewsOf(clip);
    return Array.from({ length: times * cropCount(crops, data.flip) }, (_, view) => ({ clip, view }));
  });
  const sizes = evenSizes(samples.length, pretrain.microBatch ?? pretrain.batch);
  const planned = sizes.map((size, i) => ({
    samples: () =>
      samples
        .slice(i * sizes[0]!, i * sizes[0]! + size)
        .map(({ clip, view }) => ({ clip, view, request: requestOf(clip, view) })),
  }));
  return loaded(config, load, planned);
}

interface PlannedBatch {
  /** The fidelity of the batch; absent: that of its first sample, whose view decides it. */
  shape?: ClipBatch['shape'];
  samples: () => Sample[];
  /** What was drawn, the sizes of the micro-batches, and the place of the first sample; absent in validation. */
  training?: { drawn: Draw; groups: number[]; first: number };
  /** Augments the frames in place. */
  change?: (frames: readonly Uint8Array[], slots: readonly number[]) => void;
}

function loaded(
  config: ClipBatchOptions,
  load: FrameSource,
  planned: readonly PlannedBatch[],
): AsyncIterable<ClipBatch> {
  const jobs = planned.map(({ shape, samples, training, change }) => async () => {
    const batch = samples();
    const { items, places, frames, skipped } = await readSamples(batch, config.data.missing, ({ request }) =>
      load(request),
    );
    const slots = places.map((place) => (training?.first ?? 0) + place);
    change?.(frames, slots);
    const clips = items.map(({ clip }) => clip);
    return {
      ...{ ids: clips.map(clipName), clips, views: items.map(({ view }) => view), frames, skipped },
      shape: shape ?? shapeOf(batch[0]!.request),
      ...(training && { drawn: training.drawn, groups: training.groups, slots }),
    };
  });
  return prefetch(jobs, config.data.prefetch);
}

const shapeOf = ({ indices, crop }: FrameRequest): ClipBatch['shape'] => ({ frames: indices.length, size: crop.width });
