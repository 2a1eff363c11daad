import type { Video } from '../../data/dataset.js';
import { fractionOf } from '../../data/views/fractions.js';
import type { HeadInstance } from '../../models/heads/head.js';
import type { UnlabelledSpan } from '../../models/heads/unlabelled-snippets.js';

/**
 * A video's instances in the form for heads: fractions of the sequence that is seen of it, cut to [0, 1], and class
 * numbers.
 *
 * @param rate - `data.fps`.
 */
export function headInstances(video: Video, rate: number | null, classes: readonly string[]): HeadInstance[] {
  return video.instances.map(({ start, end, label }) => ({
    start: Math.max(0, fractionOf(video, rate, start)),
    end: Math.min(1, fractionOf(video, rate, end)),
    label: classes.indexOf(label),
  }));
}

/** A video's unlabelled stretches in the form for heads: fractions of the sequence, cut to [0, 1]. */
export function headUnlabelled(video: Video, rate: number | null): UnlabelledSpan[] {
  return (video.unlabelled ?? []).map(([start, end]): UnlabelledSpan => [
    Math.max(0, fractionOf(video, rate, start)),
    Math.min(1, fractionOf(video, rate, end)),
  ]);
}

/** The numbers of the classes that some instances have, each once, in order. */
export function classNumbers(instances: readonly { label: string }[], classes: readonly string[]): number[] {
  return [...new Set(instances.map(({ label }) => classes.indexOf(label)))].sort((a, b) => a - b);
}
