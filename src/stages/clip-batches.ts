import path from 'node:path';
import type { Config } from '../config/schema.js';
import { drawColor } from '../data/frames/color.js';
import type { FrameSource } from '../data/frames/request.js';
import type { MeasuredClip } from '../data/measured-clips.js';
import { prefetch } from '../data/prefetch.js';
import { clipRequest } from '../data/snippets.js';
import { clipTrainTransform, evalTransform, videoTrainTransform } from '../data/transform.js';
import { randomStream } from '../engine/random.js';
import { epochBatches } from './batches.js';

export interface ClipBatch {
  ids: string[];
  clips: MeasuredClip[];
  /** Of each clip `[frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
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
  return batches(config, epochBatches(clips, batch, seed, 'pretrain', epoch), (clip) => {
    const random = randomStream(seed, 'pretrain', 'sample', epoch, clipName(clip));
    const transform =
      resize === 'squash'
        ? videoTrainTransform(clip.file, size, resize, { flip }, random)
        : clipTrainTransform(clip.file, size, { flip, scales: [1, 0.875, 0.75, 0.66] }, random);
    const view = { ...transform, color: drawColor(data.colorJitter, random) };
    return load(clipRequest(clip, size, sampling(config), view, random));
  });
}

/** Every clip once, without chance. */
export function validationBatches(
  config: Config,
  load: FrameSource,
  clips: readonly MeasuredClip[],
): AsyncIterable<ClipBatch> {
  const { size, batch } = config.pretrain;
  return batches(config, epochBatches(clips, batch, config.seed, 'pretrain validation', 0), (clip) =>
    load(clipRequest(clip, size, sampling(config), evalTransform(clip.file, size, config.data.resize))),
  );
}

function batches(
  config: Config,
  lists: readonly MeasuredClip[][],
  sample: (clip: MeasuredClip) => Promise<Uint8Array>,
): AsyncIterable<ClipBatch> {
  const jobs = lists.map((list) => async () => {
    return { ids: list.map(clipName), clips: list, frames: await Promise.all(list.map(sample)) };
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
