import type { Video } from '../../data/dataset.js';
import type { HeadInstance } from '../../models/heads/head.js';

/** A video's instances as heads see them: fractions of its duration, cut to it, and numbers of their classes. */
export function headInstances({ instances, duration }: Video, classes: readonly string[]): HeadInstance[] {
  return instances.map(({ start, end, label }) => ({
    start: Math.max(0, start / duration),
    end: Math.min(1, end / duration),
    label: classes.indexOf(label),
  }));
}
