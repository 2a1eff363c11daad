import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Head, HeadInstance } from '../../models/heads/head.js';
import {
  randomWindow,
  trainingWindows,
  validSnippets,
  windowFeatures,
  windowInstances,
  windowSpans,
  windowsOver,
  type Window,
} from '../../models/heads/windows.js';
import { unlabelledSnippets } from '../../models/heads/unlabelled-snippets.js';
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
  /** The classes of the instances in each item, of which a sample is made: a video, or a window of one. */
  classes: readonly (readonly number[])[];
  /**
   * The sample of an item in an epoch.
   *
   * @param draw - Names the draw among those of the item in the epoch.
   */
  of: (item: number, epoch: number, draw: readonly number[]) => HeadSample;
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
  const sample = (
    { id, views, instances, unlabelled }: SeenVideo,
    start: number,
    valid: number,
    epoch: number,
    draw: readonly number[],
  ): HeadSample => {
    const features =
      views.length === 1 ? views[0]! : randomStream(seed, 'head', 'view', epoch, id, ...draw).pick(views);
    return {
      id,
      valid,
      rows: (snippets) => windowFeatures(features, { start, snippets }, valid),
      targets(snippets) {
        const [window, total] = [{ start, snippets }, features.shape[0]];
        const seen = windowInstances(instances, window, total);
        return head.targets(seen, snippets, valid, windowSpans(unlabelled, window, total));
      },
    };
  };
  const classesOf = (instances: readonly HeadInstance[]) => [...new Set(instances.map(({ label }) => label))].sort();
  if (windows === 'random') {
    return {
      classes: videos.map(({ instances }) => classesOf(instances)),
      of(item, epoch, draw) {
        const video = videos[item]!;
        const random = randomStream(seed, 'head', 'window', epoch, video.id, ...draw);
        const { window, valid } = randomWindow(video.instances, snippetsOf(video), size, random);
        return sample(video, window.start, valid, epoch, draw);
      },
      // As long as the longest sample: longer padding would only cost time.
      length: (samples) => Math.max(...samples.map(({ valid }) => valid)),
    };
  }
  const snippets = size ?? snippetsOf(videos[0]!);
  const places = videos.flatMap((video) => {
    const total = snippetsOf(video);
    const laid = windows === 'all' ? windowsOver(total, size) : trainingWindows(video.instances, total, size);
    return laid
      .map((window) => ({ video, window, total, valid: validSnippets(window, total) }))
      .filter((place) => holdsLabels(place));
  });
  if (places.length === 0)
    throw new WorkError(`no window of ${snippets} snippets holds an instance: set model.window to longer ones`);
  const known = places.map(({ video, window, valid }) => sample(video, window.start, valid, 0, []).targets(snippets));
  return {
    classes: places.map(({ video, window, total }) => classesOf(windowInstances(video.instances, window, total))),
    of(item, epoch, draw) {
      const { video, window, valid } = places[item]!;
      return { ...sample(video, window.start, valid, epoch, draw), targets: () => known[item] };
    },
    length: () => snippets,
  };
}

/** Whether a part of a window is labelled; from any other there is nothing to learn. */
function holdsLabels({
  video,
  window,
  total,
  valid,
}: {
  video: SeenVideo;
  window: Window;
  total: number;
  valid: number;
}) {
  const seen = windowSpans(video.unlabelled, { ...window, snippets: valid }, total);
  return unlabelledSnippets(seen, valid)?.includes(0) ?? true;
}

const snippetsOf = ({ views: [first] }: SeenVideo): number => first!.shape[0];
