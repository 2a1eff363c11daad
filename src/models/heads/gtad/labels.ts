import { unlabelledSnippets, type UnlabelledSpan } from '../unlabelled-snippets.js';
import type { Anchor } from './anchors.js';

/** A time span as fractions of the duration of a video or of a window. */
export type Span = readonly [start: number, end: number];

/** Training targets of G-TAD for one video (docs/method.md §7.5). */
export interface Labels {
  /** The highest tIoU of each anchor with any instance, `[A]`. */
  overlap: Float32Array;
  /** The part of each node's surroundings that is the start (for `end`: the end) of an instance, `[T]`. */
  start: Float32Array;
  end: Float32Array;
  /**
   * Present where a part of the item is unlabelled: 1 for nodes in it `[T]`, and for anchors that touch it `[A]`. The
   * loss leaves these out.
   */
  unlabelled?: { nodes: Uint8Array; anchors: Uint8Array };
}

/**
 * Labels of one video or window with T snippets, for the given anchors. For the overlap, instances are cut off at its
 * ends; a start or end beyond them gives no boundary label.
 */
export function labels(
  instances: readonly Span[],
  snippets: number,
  list: readonly Anchor[],
  unlabelled: readonly UnlabelledSpan[] = [],
): Labels {
  const nodes = unlabelledSnippets(unlabelled, snippets);
  const overlap = new Float32Array(list.length);
  const inside = instances.map(([start, end]): Span => [Math.max(0, start), Math.min(1, end)]);
  list.forEach(({ start, duration }, a) => {
    const span: Span = [start / snippets, (start + duration + 1) / snippets];
    for (const instance of inside) overlap[a] = Math.max(overlap[a]!, spanOverlap(span, instance));
  });
  return {
    overlap,
    start: boundaryLabels(
      instances.map(([start]) => start),
      snippets,
    ),
    end: boundaryLabels(
      instances.map(([, end]) => end),
      snippets,
    ),
    ...(nodes && { unlabelled: { nodes, anchors: touching(nodes, list) } }),
  };
}

/** The anchors that touch an unlabelled node. */
function touching(nodes: Uint8Array, list: readonly Anchor[]): Uint8Array {
  return Uint8Array.from(list, ({ start, duration }) => {
    const first = nodes.indexOf(1, start);
    return first >= 0 && first <= start + duration ? 1 : 0;
  });
}

function spanOverlap([a, b]: Span, [c, d]: Span): number {
  const shared = Math.max(0, Math.min(b, d) - Math.max(a, c));
  return shared / (b - a + (d - c) - shared);
}

/** Node i covers [(i - ½)/T, (i + 1½)/T]; the zone of a boundary reaches 1½ snippets to either side. */
function boundaryLabels(boundaries: readonly number[], snippets: number): Float32Array {
  const result = new Float32Array(snippets);
  for (const boundary of boundaries) {
    for (let i = 0; i < snippets; i++) {
      const left = Math.max((i - 0.5) / snippets, boundary - 1.5 / snippets);
      const right = Math.min((i + 1.5) / snippets, boundary + 1.5 / snippets);
      result[i] = Math.max(result[i]!, Math.max(0, right - left) / (2 / snippets));
    }
  }
  return result;
}
