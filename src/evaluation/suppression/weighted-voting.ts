import { temporalIou } from '../segments.js';
import type { Proposal } from './soft-nms.js';

/**
 * Segment voting, after NMS: start and end of each proposal kept become the means of those of all proposals that overlap it
 * with `tiou` or more, weighted by score × tIoU. Scores stay.
 *
 * @param kept what (Soft-)NMS has left.
 * @param all what it was given.
 * @returns new proposals in the order of `kept`; one that nothing with a weight overlaps stays as it is.
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
