import type { Config, Shape } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import type { FrameSource } from '../../data/frames/request.js';
import { blendStillsWithin } from '../../data/frames/still.js';
import { prefetch } from '../../data/frames/prefetch.js';
import { snippetRequest, type Stretch } from '../../data/views/snippets.js';
import { resampled, snippetsEvery } from '../../data/views/sampling.js';
import { trainingView } from '../../data/views/training-view.js';
import { randomStream, type Random } from '../../engine/random.js';
import type { HeadInstance } from '../../models/heads/head.js';
import type { UnlabelledSpan } from '../../models/heads/unlabelled-snippets.js';
import { randomWindow, windowInstances, windowSpans } from '../../models/heads/windows.js';
import { shapeAt } from '../../train/schedule/fidelity.js';
import type { Draw, DrawnItem } from '../../train/batches/draw.js';
import { divided, microBatches, slotsOf, type RankShare } from '../../train/ranks/division.js';
import type { Slots } from '../../train/samplers/sampler.js';
import { evenSizes } from '../../train/samplers/shuffled.js';
import { readSamples } from '../training/read-samples.js';
import { headInstances, headUnlabelled } from '../training/targets.js';

/** A batch of videos, or of windows of videos, at one fidelity. */
export interface VideoBatch {
  ids: string[];
  /** The instances in each sample, as fractions of the sample. */
  instances: HeadInstance[][];
  /** The unlabelled stretches of each sample, likewise. */
  unlabelled: UnlabelledSpan[][];
  /** The frames of each sample, `[snippets, frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
  shape: Shape;
  groups: number[];
  slots: number[];
  skipped: string[];
  drawn: Draw;
}

/** The sections of a configuration that decide the batches of stage 2. */
type VideoBatchOptions = Pick<Config, 'seed' | 'data' | 'encoder' | 'joint' | 'full' | 'model'>;

/** The number of batches in an epoch of `joint`, and the shape of each. */
export function jointSlots(joint: Config['joint'], videos: number): Pick<Slots, 'sizes'> & { shapeOf: ShapeOf } {
  const sizes = evenSizes(videos, joint.batch);
  return { sizes: () => sizes, shapeOf: (epoch, batch) => shapeAt(joint, epoch, epoch * sizes.length + batch) };
}

type ShapeOf = (epoch: number, batch: number) => Shape;

/** Names the fidelity of a shape. */
export function shapeName({ snippets, size }: Shape): string {
  return `${snippets}x${size}`;
}

/**
 * Yields batches of an epoch of `joint`, read ahead. Each batch has the schedule's shape, and all frames of a video
 * have the same view (crop, flip, colours). Where the head sees windows, a random window of `full.snippets` snippets is
 * seen of each video, at low fidelity by fewer snippets.
 *
 * @param draw - The videos of each batch.
 * @param which - The batches `from` ≤ i < `to` of `epoch`; epochs and batches count from 0.
 * @param share - Of each batch the micro-batches of this process are read.
 */
export function videoBatches(
  config: VideoBatchOptions,
  load: FrameSource,
  videos: readonly Video[],
  classes: readonly string[],
  draw: (batch: number) => Draw,
  { epoch, from, to }: { epoch: number; from: number; to: number },
  share: RankShare = { rank: 0, count: 1 },
): AsyncIterable<VideoBatch> {
  const { seed, data, encoder, joint } = config;
  const { shapeOf } = jointSlots(joint, videos.length);
  const read = ({ drawn, video, stretch }: Sample, shape: Shape) => {
    const random = randomStream(seed, 'joint', 'sample', epoch, video.id, ...drawn.draw);
    const view = trainingView(data, video, shape.size, random);
    return load(snippetRequest(video, shape, { ...encoder, fps: data.fps }, view, true, stretch));
  };
  const jobs = Array.from({ length: to - from }, (_, offset) => async () => {
    const i = from + offset;
    const shape = shapeOf(epoch, i);
    const drawn = draw(i);
    const groups = microBatches(drawn.items.length, joint.microBatch);
    const own = slotsOf(groups, share);
    const samples = drawn.items.slice(own.from, own.to).map((drawn) => {
      const video = videos[drawn.item]!;
      const random = randomStream(seed, 'joint', 'window', epoch, video.id, ...drawn.draw);
      return { drawn, ...sampleOf(config, video, classes, random) };
    });
    const { items, places, frames, skipped } = await readSamples(samples, data.missing, (sample) =>
      read(sample, shape),
    );
    const slots = places.map((place) => own.from + place);
    blendStillsWithin(frames, divided(groups, slots), 3 * shape.size ** 2, data.still, (...place) =>
      randomStream(seed, 'joint', 'still', epoch, i, ...place),
    );
    return {
      ids: items.map(({ video }) => video.id),
      instances: items.map(({ instances }) => instances),
      unlabelled: items.map(({ unlabelled }) => unlabelled),
      ...{ frames, shape, groups, slots, skipped, drawn },
    };
  });
  return prefetch(jobs, data.prefetch);
}

/** A video as a batch has it. */
interface Sample extends VideoSample {
  drawn: DrawnItem;
}

/** The part of a video that is seen, and its instances. */
interface VideoSample {
  video: Video;
  /** Absent: the whole video. */
  stretch?: Stretch;
  instances: HeadInstance[];
  unlabelled: UnlabelledSpan[];
}

function sampleOf(
  { full, model, data }: VideoBatchOptions,
  video: Video,
  classes: readonly string[],
  random: Random,
): VideoSample {
  const instances = headInstances(video, data.fps, classes);
  const unlabelled = headUnlabelled(video, data.fps);
  if (!model.window) return { video, instances, unlabelled };
  const total = snippetsEvery(model.window.every, video, data.fps);
  const { window, valid } = randomWindow(instances, total, full.snippets, random);
  const { frames } = resampled(video, data.fps);
  const [from, to] = [window.start, window.start + valid].map((snippet) => Math.round((snippet * frames) / total));
  return {
    video,
    stretch: { from: from!, frames: to! - from! },
    instances: windowInstances(instances, { start: window.start, snippets: valid }, total),
    unlabelled: windowSpans(unlabelled, { start: window.start, snippets: valid }, total),
  };
}
