import type { Config, Shape } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import type { FrameSource } from '../../data/frames/request.js';
import { blendStills } from '../../data/frames/still.js';
import { prefetch } from '../../data/frames/prefetch.js';
import { snippetRequest, type Stretch } from '../../data/views/snippets.js';
import { resampled, snippetsEvery } from '../../data/views/sampling.js';
import { trainingView } from '../../data/views/training-view.js';
import { randomStream, type Random } from '../../engine/random.js';
import type { HeadInstance } from '../../models/heads/head.js';
import { randomWindow, windowInstances } from '../../models/heads/windows.js';
import { shapeAt } from '../../train/schedule/fidelity.js';
import { shuffledBatches } from '../../train/batches/shuffled.js';
import { readSamples } from '../training/read-samples.js';
import { headInstances } from '../training/targets.js';

/** A batch of videos, or of windows of videos, at one fidelity. */
export interface VideoBatch {
  ids: string[];
  /** The instances in each sample, as fractions of the sample. */
  instances: HeadInstance[][];
  /** The frames of each sample, `[snippets, frames, size, size, 3]` RGB bytes. */
  frames: Uint8Array[];
  shape: Shape;
  skipped: string[];
}

/** The sections of a configuration that decide the batches of stage 2. */
type VideoBatchOptions = Pick<Config, 'seed' | 'data' | 'encoder' | 'joint' | 'full' | 'model'>;

/**
 * Yields the batches of an epoch of `joint`, read ahead. Every video occurs once an epoch, each batch has the
 * schedule's shape, and all frames of a video have the same view (crop, flip, colours). Where the head sees windows, a
 * random window of `full.snippets` snippets is seen of each video, at low fidelity by fewer snippets.
 *
 * @param which - The batches `from` ≤ i < `to` of `epoch`; epochs and batches count from 0.
 */
export function videoBatches(
  config: VideoBatchOptions,
  load: FrameSource,
  videos: readonly Video[],
  classes: readonly string[],
  { epoch, from, to }: { epoch: number; from?: number; to?: number },
): AsyncIterable<VideoBatch> {
  const { seed, data, encoder, joint } = config;
  const lists = shuffledBatches(videos, joint.batch, seed, 'joint', epoch);
  const read = ({ video, stretch }: Sample, shape: Shape) => {
    const random = randomStream(seed, 'joint', 'sample', epoch, video.id);
    const view = trainingView(data, video, shape.size, random);
    return load(snippetRequest(video, shape, { ...encoder, fps: data.fps }, view, true, stretch));
  };
  const jobs = lists.map((list, i) => async () => {
    const shape = shapeAt(joint, epoch, epoch * lists.length + i);
    const samples = list.map((video) =>
      sampleOf(
        config,
        video,
        headInstances(video, data.fps, classes),
        randomStream(seed, 'joint', 'window', epoch, video.id),
      ),
    );
    const { items, frames, skipped } = await readSamples(samples, data.missing, (sample) => read(sample, shape));
    blendStills(frames, 3 * shape.size ** 2, data.still, randomStream(seed, 'joint', 'still', epoch, i));
    return {
      ids: items.map(({ video }) => video.id),
      instances: items.map(({ instances }) => instances),
      frames,
      shape,
      skipped,
    };
  });
  return prefetch(jobs.slice(from, to), data.prefetch);
}

/** The part of a video that is seen, and its instances. */
interface Sample {
  video: Video;
  /** Absent: the whole video. */
  stretch?: Stretch;
  instances: HeadInstance[];
}

function sampleOf(
  { full, model, data }: VideoBatchOptions,
  video: Video,
  instances: HeadInstance[],
  random: Random,
): Sample {
  if (!model.window) return { video, instances };
  const total = snippetsEvery(model.window.every, video, data.fps);
  const { window, valid } = randomWindow(instances, total, full.snippets, random);
  const { frames } = resampled(video, data.fps);
  const [from, to] = [window.start, window.start + valid].map((snippet) => Math.round((snippet * frames) / total));
  return {
    video,
    stretch: { from: from!, frames: to! - from! },
    instances: windowInstances(instances, { start: window.start, snippets: valid }, total),
  };
}
