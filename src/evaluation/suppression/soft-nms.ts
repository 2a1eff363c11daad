import { temporalIou } from '../segments.js';

/** A scored segment without a label; `start` and `end` in any one unit of time. */
export interface Proposal {
  start: number;
  end: number;
  score: number;
}

/**
 * Gaussian Soft-NMS as in G-TAD and LoFi (sigma 0.84 in LoFi, 0.8 in G-TAD's public code): take the best
 * proposal, multiply every other score by exp(-IoU²/sigma), and repeat. It stops at `keep` proposals, or when
 * one is left, which is dropped.
 *
 * @returns New proposals with their decayed scores, best first. Takes O(keep · n) time.
 */
export function softNms<T extends Proposal>(proposals: readonly T[], options: { sigma: number; keep: number }): T[] {
  return decayed(proposals, { ...options, keep: Math.min(options.keep, proposals.length - 1) });
}

/** Gaussian Soft-NMS that stops only at `keep` proposals; unlike {@link softNms} it does not drop the last one. */
export function decayed<T extends Proposal>(proposals: readonly T[], options: { sigma: number; keep: number }): T[] {
  const n = proposals.length;
  const start = Float64Array.from(proposals, (p) => p.start);
  const end = Float64Array.from(proposals, (p) => p.end);
  const score = Float64Array.from(proposals, (p) => p.score);
  const taken = new Uint8Array(n);
  const kept: T[] = [];

  let best = -1;
  for (let i = 0; i < n; i++) if (best < 0 || score[i]! > score[best]!) best = i;
  while (best >= 0 && kept.length < options.keep) {
    taken[best] = 1;
    kept.push({ ...proposals[best]!, score: score[best]! });
    // A single pass decays the others and finds the next best.
    let next = -1;
    for (let i = 0; i < n; i++) {
      if (taken[i]) continue;
      const iou = temporalIou(start[best]!, end[best]!, start[i]!, end[i]!);
      if (iou > 0) score[i]! *= Math.exp((-iou * iou) / options.sigma);
      if (next < 0 || score[i]! > score[next]!) next = i;
    }
    best = next;
  }
  return kept;
}
