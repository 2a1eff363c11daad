import type { Anchor } from './anchors.js';

/** A scored time span; start and end are fractions of the video's duration. */
export interface AnchorProposal {
  start: number;
  end: number;
  score: number;
}

/** G-TAD's outputs for one video as plain numbers: boundary scores `[T]`, map `[A, 2]`. */
export interface VideoOutput {
  start: Float32Array;
  end: Float32Array;
  map: Float32Array;
}

/**
 * Proposals of one video (docs/method.md §7.8): anchors from a peak of the start scores to a peak of the end scores,
 * scored by the product of both overlaps. Without `peaks`, as in the authors' code for THUMOS14, all anchors count.
 * Anchors that end exactly at the video's end are left out, as in the authors' code.
 */
export function proposals(
  { start, end, map }: VideoOutput,
  list: readonly Anchor[],
  options: { peaks: boolean } = { peaks: true },
): AnchorProposal[] {
  const snippets = start.length;
  const starts = peaks(start);
  const ends = peaks(end);
  starts[0] = true;
  ends[snippets - 1] = true;
  const found: AnchorProposal[] = [];
  list.forEach((anchor, a) => {
    const stop = anchor.start + anchor.duration + 1;
    if (stop >= snippets || (options.peaks && !(starts[anchor.start] && ends[stop]))) return;
    found.push({ start: anchor.start / snippets, end: stop / snippets, score: map[2 * a]! * map[2 * a + 1]! });
  });
  return found;
}

/** Inner points that are above both neighbours or above half the maximum. */
function peaks(scores: Float32Array): boolean[] {
  const half = 0.5 * scores.reduce((a, b) => Math.max(a, b), -Infinity);
  return Array.from(scores, (score, i) => {
    if (i === 0 || i === scores.length - 1) return false;
    return score > half || (score > scores[i - 1]! && score > scores[i + 1]!);
  });
}
