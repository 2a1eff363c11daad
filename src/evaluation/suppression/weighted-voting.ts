import { temporalIou } from '../segments.js';
import type { Proposal } from './soft-nms.js';

/**
 * Segment voting after NMS: start and end of each kept proposal become weighted means over all proposals that overlap
 * it by `tiou` or more. Weights are score × tIoU. Scores do not change.
 *
 * @param kept - Proposals that (Soft-)NMS kept.
 * @param all - Proposals that it was given.
 * @returns New proposals in the order of `kept`. One whose voters have no weight stays as it is.
 */
export function weightedVoting<T extends Proposal>(
  kept: readonly T[],
  all: readonly Proposal[],
  options: { tiou: number },
): T[] {
  return kept.map((proposal) => {
    let [weights, start, end] = [0, 0, 0];
    for (const voter of all) {
      const overlap = temporalIou(proposal.start, proposal.end, voter.start, voter.end);
      if (!(overlap >= options.tiou)) continue;
      const weight = voter.score * overlap;
      weights += weight;
      start += weight * voter.start;
      end += weight * voter.end;
    }
    return weights > 0 ? { ...proposal, start: start / weights, end: end / weights } : { ...proposal };
  });
}
