import type { Features } from '../../checkpoints/feature-store.js';
import type { FrameSpan } from '../../models/sequence/sequence-classifier.js';

/** A span of a video or of a window, as fractions of it. */
export type SegmentSpan = readonly [start: number, end: number];

/** The mean feature `[C]` of a span. Each snippet is weighted by the part of it that the span covers. */
export function poolSpan({ data, shape: [snippets, channels] }: Features, [start, end]: SegmentSpan): Float32Array {
  const pooled = new Float32Array(channels);
  const from = Math.max(0, start * snippets);
  const to = Math.min(snippets, end * snippets);
  let total = 0;
  for (let i = Math.floor(from); i < Math.min(snippets, Math.ceil(to)); i++) {
    const weight = Math.min(to, i + 1) - Math.max(from, i);
    if (weight <= 0) continue;
    total += weight;
    for (let c = 0; c < channels; c++) pooled[c]! += weight * data[i * channels + c]!;
  }
  return total > 0 ? pooled.map((sum) => sum / total) : pooled;
}

/**
 * The mean features `[bins, C]` of equal parts of a span, one after the other. Of a span that reaches beyond the video
 * only the part inside it is cut.
 */
export function spanBins(features: Features, [start, end]: SegmentSpan, bins: number): Float32Array {
  if (bins === 1) return poolSpan(features, [start, end]);
  const [, channels] = features.shape;
  const [from, to] = [Math.max(0, start), Math.min(1, end)];
  const rows = new Float32Array(bins * channels);
  for (let i = 0; i < bins; i++) {
    const place = (k: number) => from + ((to - from) * k) / bins;
    rows.set(poolSpan(features, [place(i), place(i + 1)]), i * channels);
  }
  return rows;
}

/**
 * The snippets of a video whose middle lies in a span: of neighbouring spans each has its own. Where there is none, the
 * one in which the middle of the span lies.
 */
export function snippetsIn([start, end]: SegmentSpan, snippets: number): FrameSpan {
  const first = Math.max(0, Math.ceil(start * snippets - 0.5));
  const behind = Math.min(snippets, Math.ceil(end * snippets - 0.5));
  if (first < behind) return { first, count: behind - first };
  const middle = Math.floor(((start + end) / 2) * snippets);
  return { first: Math.min(snippets - 1, Math.max(0, middle)), count: 1 };
}
