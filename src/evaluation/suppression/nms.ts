import { temporalIou } from '../segments.js';
import type { Proposal } from './soft-nms.js';

/**
 * Hard non-maximum suppression: the best proposals, none of which overlaps a better one that was kept with more than `tiou`.
 *
 * @param options.tiou the largest overlap of two that are kept.
 * @param options.keep at most so many.
 * @returns those of `proposals` that are kept, best first; equal scores keep their order.
 */
export function nms<T extends Proposal>(proposals: readonly T[], options: { tiou: number; keep: number }): T[] {
  const kept: T[] = [];
  for (const proposal of [...proposals].sort((a, b) => b.score - a.score)) {
    if (kept.length >= options.keep) break;
    const overlaps = (better: T) => temporalIou(better.start, better.end, proposal.start, proposal.end) > options.tiou;
    if (!kept.some(overlaps)) kept.push(proposal);
  }
  return kept;
}
