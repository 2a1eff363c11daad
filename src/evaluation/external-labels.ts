import type { Proposal } from './suppression/soft-nms.js';

/** The score that a classifier of whole videos gives to a label. */
export interface ClassScore {
  label: string;
  score: number;
}

/**
 * Labels proposals by the class scores of their video, as G-TAD and LoFi do on the benchmarks (docs/method.md §7.9).
 * Each proposal is returned once for each of the `classes` best labels, with the product of proposal score and label
 * score. Equal label scores keep their order.
 */
export function externalLabels(
  proposals: readonly Proposal[],
  scores: readonly ClassScore[],
  classes: number,
): (Proposal & { label: string })[] {
  const best = [...scores].sort((a, b) => b.score - a.score).slice(0, classes);
  return proposals.flatMap((proposal) =>
    best.map(({ label, score }) => ({ ...proposal, label, score: proposal.score * score })),
  );
}

/**
 * Divides scores by their sum (G-TAD on HACS, where two labels of a video are listed). Scores that are all 0 stay 0.
 */
export function normalizedScores(scores: readonly ClassScore[]): ClassScore[] {
  const sum = scores.reduce((total, { score }) => total + score, 0);
  return sum > 0 ? scores.map(({ label, score }) => ({ label, score: score / sum })) : [...scores];
}
