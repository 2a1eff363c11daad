import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Head } from '../../models/heads/head.js';
import {
  randomWindow,
  trainingWindows,
  validSnippets,
  windowFeatures,
  windowInstances,
} from '../../models/heads/windows.js';
import { WorkError } from '../../system/errors.js';
import type { SeenVideo } from '../features/trained-on-features.js';

/** A training sample of the head: a video, or a window of one, with its targets. */
export interface HeadSample {
  id: string;
  /** Number of its snippets that are video, not padding. */
  valid: number;
  /** Features `[T, C]` for T = `snippets`, row-major, with zeros after `valid`. */
  rows: (snippets: number) => Float32Array;
  /** The head's targets for T = `snippets`. */
  targets: (snippets: number) => unknown;
}

/** The training samples of the head. */
export interface HeadSamples {
  /** Number of samples in an epoch. */
  count: number;
  /** The samples of an epoch. */
  of: (epoch: number) => HeadSample[];
  /** T of a batch of samples. */
  length: (samples: readonly HeadSample[]) => number;
}

/**
 * Makes the samples by `head.windows`.
 *
 * @param size - Snippets of a window; null: whole videos.
 * @throws WorkError when there is no sample.
 */
export function headSamples(
  { seed, head: { windows } }: Config,
  head: Head,
  size: number | null,
  videos: readonly SeenVideo[],
): HeadSamples {
  const sample = ({ id, views, instances }: SeenVideo, start: number, valid: number, epoch: number): HeadSample => {
    const features = views.length === 1 ? views[0]! : randomStream(seed, 'head', 'view', epoch, id).pick(views);
    return {
      id,
      valid,
      rows: (snippets) => windowFeatures(features, { start, snippets }, valid),
      targets: (snippets) =>
        head.targets(windowInstances(instances, { start, snippets }, features.shape[0]), snippets, valid),
    };
  };
  if (windows === 'random') {
    const atRandom = (video: SeenVideo, epoch: number) => {
      const random = randomStream(seed, 'head', 'window', epoch, video.id);
      const { window, valid } = randomWindow(video.instances, snippetsOf(video), size, random);
      return sample(video, window.start, valid, epoch);
    };
    return {
      count: videos.length,
      of: (epoch) => videos.map((video) => atRandom(video, epoch)),
      // As long as the longest sample: longer padding would only cost time.
      length: (samples) => Math.max(...samples.map(({ valid }) => valid)),
    };
  }
  const snippets = size ?? snippetsOf(videos[0]!);
  const places = videos.flatMap((video) => {
    const total = snippetsOf(video);
    return trainingWindows(video.instances, total, size).map((window) => ({
      video,
      start: window.start,
      valid: validSnippets(window, total),
    }));
  });
  if (places.length === 0)
    throw new WorkError(`no window of ${snippets} snippets holds an instance: set model.window to longer ones`);
  const samples = (epoch: number) => places.map(({ video, start, valid }) => sample(video, start, valid, epoch));
  const known = samples(0).map(({ targets }) => targets(snippets));
  return {
    count: places.length,
    of: (epoch) => samples(epoch).map((one, i) => ({ ...one, targets: () => known[i] })),
    length: () => snippets,
  };
}

const snippetsOf = ({ views: [first] }: SeenVideo): number => first!.shape[0];
