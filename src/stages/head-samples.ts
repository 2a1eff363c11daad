import type { Features } from '../checkpoints/features.js';
import type { Config } from '../config/schema.js';
import { randomStream } from '../engine/random.js';
import type { Head, HeadInstance } from '../models/heads/head.js';
import {
  randomWindow,
  trainingWindows,
  validSnippets,
  windowFeatures,
  windowInstances,
} from '../models/heads/windows.js';
import { WorkError } from '../system/errors.js';

/** A video as its head is trained on it. */
export interface SeenVideo {
  id: string;
  features: Features;
  instances: readonly HeadInstance[];
}

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
  const sample = ({ id, features, instances }: SeenVideo, start: number, valid: number): HeadSample => ({
    id,
    valid,
    rows: (snippets) => windowFeatures(features, { start, snippets }, valid),
    targets: (snippets) =>
      head.targets(windowInstances(instances, { start, snippets }, features.shape[0]), snippets, valid),
  });
  if (windows === 'random') {
    const atRandom = (video: SeenVideo, epoch: number) => {
      const random = randomStream(seed, 'head', 'window', epoch, video.id);
      const { window, valid } = randomWindow(video.instances, video.features.shape[0], size, random);
      return sample(video, window.start, valid);
    };
    return {
      count: videos.length,
      of: (epoch) => videos.map((video) => atRandom(video, epoch)),
      // No longer than the longest: zeros behind it are work for nothing.
      length: (samples) => Math.max(...samples.map(({ valid }) => valid)),
    };
  }
  const snippets = size ?? videos[0]!.features.shape[0];
  const samples = videos.flatMap((video) => {
    const [total] = video.features.shape;
    return trainingWindows(video.instances, total, size).map((window) =>
      sample(video, window.start, validSnippets(window, total)),
    );
  });
  if (samples.length === 0)
    throw new WorkError(`no window of ${snippets} snippets holds an instance: set model.window to longer ones`);
  const known = samples.map((one): HeadSample => {
    const targets = one.targets(snippets);
    return { ...one, targets: () => targets };
  });
  return { count: samples.length, of: () => known, length: () => snippets };
}
