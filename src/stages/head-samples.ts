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
  type Window,
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
  /** Snippets of it that are video. */
  valid: number;
  /** Features `[snippets, C]`, laid flat; zeros behind `valid`. */
  rows: () => Float32Array;
  targets: unknown;
}

/** What a head is trained on. */
export interface HeadSamples {
  /** How many an epoch has. */
  count: number;
  /** Snippets of each. */
  snippets: number;
  of: (epoch: number) => HeadSample[];
}

/** The samples of `head.windows`. Throws {@link WorkError} where there are none. */
export function headSamples(
  { seed, head: { windows } }: Config,
  head: Head,
  size: number | null,
  videos: readonly SeenVideo[],
): HeadSamples {
  const snippets = size ?? videos[0]!.features.shape[0];
  const sample = ({ id, features, instances }: SeenVideo, window: Window, valid: number): HeadSample => ({
    id,
    valid,
    rows: () => windowFeatures(features, window, valid),
    targets: head.targets(windowInstances(instances, window, features.shape[0]), window.snippets, valid),
  });
  if (windows === 'random') {
    const atRandom = (video: SeenVideo, epoch: number) => {
      const random = randomStream(seed, 'head', 'window', epoch, video.id);
      const { window, valid } = randomWindow(video.instances, video.features.shape[0], size, random);
      return sample(video, window, valid);
    };
    return { count: videos.length, snippets, of: (epoch) => videos.map((video) => atRandom(video, epoch)) };
  }
  const samples = videos.flatMap((video) => {
    const [total] = video.features.shape;
    return trainingWindows(video.instances, total, size).map((window) =>
      sample(video, window, validSnippets(window, total)),
    );
  });
  if (samples.length === 0)
    throw new WorkError(`no window of ${snippets} snippets holds an instance: set model.window to longer ones`);
  return { count: samples.length, snippets, of: () => samples };
}
