import { temporalIou } from '../segments.js';
import type { Proposal } from './soft-nms.js';

/**
 * Hard non-maximum suppression: drops proposals that overlap a better kept one by more than `tiou`.
 *
 * @param options - `tiou`: greatest allowed overlap of two kept proposals; `keep`: number of proposals to keep at most.
 * @returns The kept proposals, best first; equal scores keep their order.
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
