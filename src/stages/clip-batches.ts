import path from 'node:path';
import type { Config } from '../config/schema.js';
import { drawColor } from '../data/frames/color.js';
import type { FrameRequest, FrameSource } from '../data/frames/request.js';
import type { MeasuredClip } from '../data/measured-clips.js';
import { prefetch } from '../data/prefetch.js';
import { clipRequest } from '../data/snippets.js';
import { clipTrainTransform, videoTrainTransform } from '../data/transform.js';
import { randomStream } from '../engine/random.js';
import { epochBatches, inBatches } from './batches.js';
import { viewRequests, type Views } from './clip-views.js';

/** Samples of clips, all of one size. */
export interface ClipBatch {
  ids: string[];
  clips: MeasuredClip[];
  /** Of each sample `[frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
  /** Side in pixels. */
  size: number;
}

interface Sample {
  clip: MeasuredClip;
  request: FrameRequest;
}

/** The batches of an epoch of `pretrain`, read ahead: every clip once, in another view and other frames each epoch. */
export function clipBatches(
  config: Config,
  load: FrameSource,
  clips: readonly MeasuredClip[],
  epoch: number,
): AsyncIterable<ClipBatch> {
  const { seed, data } = config;
  const { resize, flip } = data;
  const { size, batch } = config.pretrain;
  const sample = (clip: MeasuredClip): Sample => {
    const random = randomStream(seed, 'pretrain', 'sample', epoch, clipName(clip));
    const transform =
      resize === 'squash'
        ? videoTrainTransform(clip.file, size, resize, { flip }, random)
        : clipTrainTransform(clip.file, size, { flip, scales: [1, 0.875, 0.75, 0.66] }, random);
    const view = { ...transform, color: drawColor(data.colorJitter, random) };
    return { clip, request: clipRequest(clip, size, sampling(config), view, random) };
  };
  const lists = epochBatches(clips, batch, seed, 'pretrain', epoch);
  return loaded(config, load, lists, (list) => list.map(sample));
}

/** Every clip in all its views, one view after the other, without chance. As many samples at a time as in training. */
export function validationBatches(
  config: Config,
  load: FrameSource,
  clips: readonly MeasuredClip[],
  views: Views,
): AsyncIterable<ClipBatch> {
  const { size, batch, microBatch } = config.pretrain;
  const options = { size, resize: config.data.resize, sampling: sampling(config) };
  const perClip = views.clips * views.crops;
  const samples = clips.flatMap((clip) => Array.from({ length: perClip }, (_, view) => ({ clip, view })));
  return loaded(config, load, inBatches(samples, microBatch ?? batch), (list) =>
    list.map(({ clip, view }) => ({ clip, request: viewRequests(clip, views, options)[view]! })),
  );
}

function loaded<T>(
  config: Config,
  load: FrameSource,
  lists: readonly T[][],
  samples: (list: T[]) => Sample[],
): AsyncIterable<ClipBatch> {
  const jobs = lists.map((list) => async () => {
    const batch = samples(list);
    const clips = batch.map(({ clip }) => clip);
    const frames = await Promise.all(batch.map(({ request }) => load(request)));
    return { ids: clips.map(clipName), clips, frames, size: batch[0]!.request.crop.width };
  });
  return prefetch(jobs, config.data.prefetch);
}

function sampling({ encoder, pretrain }: Config) {
  return { count: encoder.frames, stride: encoder.stride, mode: pretrain.sampling };
}

/** A clip's name in random streams: its place in the dataset, not on this machine. */
function clipName({ path: file, label, frames }: MeasuredClip): string {
  return `${label}/${path.basename(file)}${frames.from > 0 ? `@${frames.from}` : ''}`;
}
