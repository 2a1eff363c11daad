import type { Proposal } from './suppression/soft-nms.js';

/** What a classifier of whole videos gives a label. */
export interface ClassScore {
  label: string;
  score: number;
}

/**
 * Labels proposals by the scores of their whole video, as G-TAD and LoFi do on the benchmarks (lofi_spec §3.8): each comes back under the
 * `classes` best labels, scored by proposal × label. Equal scores keep their order.
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

/** Scores as parts of their sum (G-TAD on HACS, where two labels a video are listed); all 0 stay so. */
export function normalizedScores(scores: readonly ClassScore[]): ClassScore[] {
  const sum = scores.reduce((total, { score }) => total + score, 0);
  return sum > 0 ? scores.map(({ label, score }) => ({ label, score: score / sum })) : [...scores];
}
