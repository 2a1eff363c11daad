import type { Config, Shape } from '../config/schema.js';
import type { Video } from '../data/dataset.js';
import { drawColor } from '../data/frames/color.js';
import type { FrameSource } from '../data/frames/request.js';
import { blendStills } from '../data/frames/still.js';
import { prefetch } from '../data/prefetch.js';
import { snippetRequest } from '../data/snippets.js';
import { videoTrainTransform } from '../data/transform.js';
import { randomStream } from '../engine/random.js';
import { shapeAt } from '../train/fidelity.js';
import { epochBatches, readSamples } from './batches.js';

/** Videos at one fidelity. */
export interface VideoBatch {
  ids: string[];
  videos: Video[];
  /** Of each video `[snippets, frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
  shape: Shape;
  skipped: string[];
}

/** The batches of an epoch of `joint`, but for the first `from`, read ahead: every video once, each batch at the shape of the schedule, one view for all frames of a video. */
export function videoBatches(
  config: Config,
  load: FrameSource,
  videos: readonly Video[],
  epoch: number,
  from = 0,
): AsyncIterable<VideoBatch> {
  const { seed, data, encoder, joint } = config;
  const lists = epochBatches(videos, joint.batch, seed, 'joint', epoch);
  const sample = (video: Video, shape: Shape) => {
    const random = randomStream(seed, 'joint', 'sample', epoch, video.id);
    const transform = videoTrainTransform(video, shape.size, data.resize, { flip: data.flip }, random);
    const view = { ...transform, color: drawColor(data.colorJitter, random) };
    return load(snippetRequest(video, shape, { ...encoder, fps: data.fps }, view, true));
  };
  const jobs = lists.map((list, i) => async () => {
    const shape = shapeAt(joint, epoch, epoch * lists.length + i);
    const read = await readSamples(list, data.missing, (video) => sample(video, shape));
    const { items, frames, skipped } = read;
    blendStills(frames, 3 * shape.size ** 2, data.still, randomStream(seed, 'joint', 'still', epoch, i));
    return { ids: items.map(({ id }) => id), videos: items, frames, shape, skipped };
  });
  return prefetch(jobs.slice(from), data.prefetch);
}
