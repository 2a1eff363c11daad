import type { HeadProposal, ProposeOptions } from '../head.js';
import type { Rows } from './branches.js';
import { locationsOf, toFraction, type Level } from './levels.js';

/**
 * The pyramid's outputs for one item as plain numbers: in each row `classes` logits and two
 * offsets, `[N, classes + 2]`.
 */
export interface ItemOutput {
  rows: Float32Array;
  classes: number;
}

/** Segments not longer than this, in snippets, are dropped (ActionFormer's `duration_thresh`). */
const leastLength = 0.05;

/**
 * Segments of one item in fractions of its T snippets, best first: one for each location and class whose probability is
 * above `minScore`, at most `candidates`. They may reach beyond the video.
 */
export function decode(
  { rows, classes }: ItemOutput,
  snippets: number,
  valid: number,
  levels: readonly Level[],
  { first }: Rows,
  { minScore, candidates }: Pick<ProposeOptions, 'minScore' | 'candidates'>,
): HeadProposal[] {
  const found: HeadProposal[] = [];
  levels.forEach((level, i) => {
    for (let index = 0; index < locationsOf(level, valid); index++) {
      const row = (first[i]! + index) * (classes + 2);
      const place = index * level.stride;
      const start = place - rows[row + classes]! * level.stride;
      const end = place + rows[row + classes + 1]! * level.stride;
      if (!(end - start > leastLength)) continue;
      for (let label = 0; label < classes; label++) {
        const score = 1 / (1 + Math.exp(-rows[row + label]!));
        if (score > minScore)
          found.push({ start: toFraction(start, snippets), end: toFraction(end, snippets), score, label });
      }
    }
  });
  return found.sort((a, b) => b.score - a.score).slice(0, candidates);
}
