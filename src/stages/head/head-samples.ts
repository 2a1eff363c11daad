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

/** A video, or a window of one, with what the head shall say of it. */
export interface HeadSample {
  id: string;
  /** Snippets of it that are seen. */
  valid: number;
  /** Features `[T, C]`, laid flat; zeros behind `valid`. */
  rows: (snippets: number) => Float32Array;
  targets: (snippets: number) => unknown;
}

/** What a head is trained on. */
export interface HeadSamples {
  /** How many an epoch has. */
  count: number;
  of: (epoch: number) => HeadSample[];
  /** T of some of them together. */
  length: (samples: readonly HeadSample[]) => number;
}

/** The samples of `head.windows`. Throws {@link WorkError} where there are none. */
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
      // No longer than the longest: zeros behind it are work for nothing.
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
