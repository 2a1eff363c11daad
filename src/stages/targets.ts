import type { Video } from '../data/dataset.js';
import type { Anchor } from '../models/heads/gtad/anchors.js';
import { labels, type Labels, type Span } from '../models/heads/gtad/labels.js';

/** A video's instances as fractions of its duration. */
export function spans({ instances, duration }: Video): Span[] {
  return instances.map(({ start, end }) => [Math.max(0, start / duration), Math.min(1, end / duration)]);
}

/** G-TAD's labels of a video at L snippets. */
export function videoLabels(video: Video, snippets: number, anchors: readonly Anchor[]): Labels {
  return labels(spans(video), snippets, anchors);
}
