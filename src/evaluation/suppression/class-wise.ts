import { decayed, type Proposal } from './soft-nms.js';
import { weightedVoting } from './weighted-voting.js';

/** Options for thinning labelled proposals. */
export interface ClassWiseOptions {
  /** σ of Gaussian Soft-NMS. */
  sigma: number;
  /** Number of proposals to keep at most, of all labels together. */
  keep: number;
  /** Proposals whose decayed score is below this are dropped. */
  minScore: number;
  /**
   * tIoU of segment voting: start and end become means over the proposals that overlap by at least this much, weighted
   * by score × tIoU. Null: no voting.
   */
  voting: number | null;
}

/**
 * Gaussian Soft-NMS and segment voting separately among the proposals of each label, as anchor-free heads do it
 * (ActionFormer, Zhang et al. 2022). Proposals without a label (null) count as one label.
 *
 * @returns New proposals, best first.
 */
export function classWise<T extends Proposal & { label: unknown }>(
  proposals: readonly T[],
  { sigma, keep, minScore, voting }: ClassWiseOptions,
): T[] {
  const byLabel = new Map<unknown, T[]>();
  for (const proposal of proposals) {
    const alike = byLabel.get(proposal.label);
    if (alike) alike.push(proposal);
    else byLabel.set(proposal.label, [proposal]);
  }
  return [...byLabel.values()]
    .flatMap((alike) => {
      const kept = decayed(alike, { sigma, keep }).filter(({ score }) => score >= minScore);
      return voting === null ? kept : weightedVoting(kept, alike, { tiou: voting });
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, keep);
}
