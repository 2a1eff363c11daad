import { decayed, type Proposal } from './soft-nms.js';
import { weightedVoting } from './weighted-voting.js';

/** How proposals that bear labels are thinned. */
export interface ClassWiseOptions {
  /** Of Gaussian Soft-NMS. */
  sigma: number;
  /** At most so many remain, of all labels together. */
  keep: number;
  /** Less, once decayed, is dropped. */
  minScore: number;
  /** Ends become the means of those that overlap with this tIoU or more, weighted by score × tIoU; null: they stay. */
  voting: number | null;
}

/**
 * Gaussian Soft-NMS and segment voting among the proposals of each label by themselves, as anchor-free heads do it (ActionFormer, Zhang et al. 2022).
 * Proposals without a label (null) count as those of one.
 *
 * @returns new proposals, best first.
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
