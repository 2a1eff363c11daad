import type { Video } from '../../data/dataset.js';
import { fractionOf } from '../../data/views/fractions.js';
import type { HeadInstance } from '../../models/heads/head.js';

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

/** The numbers of the classes that some instances have, each once, in order. */
export function classNumbers(instances: readonly { label: string }[], classes: readonly string[]): number[] {
  return [...new Set(instances.map(({ label }) => classes.indexOf(label)))].sort((a, b) => a - b);
}
