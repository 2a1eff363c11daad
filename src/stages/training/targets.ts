import type { Video } from '../../data/dataset.js';
import type { HeadInstance } from '../../models/heads/head.js';

/** A video's instances in the form for heads: fractions of its duration, cut to [0, 1], and class numbers. */
export function headInstances({ instances, duration }: Video, classes: readonly string[]): HeadInstance[] {
  return instances.map(({ start, end, label }) => ({
    start: Math.max(0, start / duration),
    end: Math.min(1, end / duration),
    label: classes.indexOf(label),
  }));
}
