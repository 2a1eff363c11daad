import type { Aligned } from './align-videos.js';
import { temporalIou } from './segments.js';

/**
 * Decides which instance each detection of a class claims at each threshold, as in ActivityNet's
 * `eval_detection.py`. By descending score, each detection claims the instance of its class and video with the
 * highest tIoU ≥ threshold that is still unclaimed.
 *
 * @returns `[thresholds · detections of the class]`: at threshold × detections + rank the index of the instance, or -1.
 */
export function claimedInstances(aligned: Aligned, label: number, thresholds: readonly number[]): Int32Array {
  const { instances, detections } = aligned;
  const ranked = aligned.ranked[label]!;
  const [first, last] = [instances.offset[label]!, instances.offset[label + 1]!];
  const ofVideo = rangesByVideo(instances.video, first, last);
  const claims = new Int32Array(thresholds.length * ranked.length).fill(-1);
  const taken = new Uint8Array(thresholds.length * (last - first));
  const candidates: number[] = [];
  const tiou = new Float64Array(last - first);
  for (let rank = 0; rank < ranked.length; rank++) {
    const d = ranked[rank]!;
    const range = ofVideo.get(detections.video[d]!);
    if (!range) continue;
    candidates.length = 0;
    for (let g = range[0]; g < range[1]; g++) {
      tiou[g - first] = temporalIou(detections.start[d]!, detections.end[d]!, instances.start[g]!, instances.end[g]!);
      insertByTiou(candidates, tiou, g - first);
    }
    for (let t = 0; t < thresholds.length; t++) {
      for (const c of candidates) {
        // The comparison is written as in the official code: the tIoU 0/0 of a segment reversed onto its instance is
        // NaN, which is not below the threshold, so it may match.
        if (tiou[c]! < thresholds[t]!) break;
        const lock = t * (last - first) + c;
        if (taken[lock]) continue;
        taken[lock] = 1;
        claims[t * ranked.length + rank] = first + c;
        break;
      }
    }
  }
  return claims;
}

/**
 * For each video its first index in [first, last) and the index behind its last one. The
 * indices of a video are consecutive.
 */
function rangesByVideo(video: Int32Array, first: number, last: number): Map<number, [number, number]> {
  const ranges = new Map<number, [number, number]>();
  for (let g = first; g < last; g++) {
    const range = ranges.get(video[g]!);
    if (range) range[1] = g + 1;
    else ranges.set(video[g]!, [g, g + 1]);
  }
  return ranges;
}

/**
 * Inserts an index into `sorted`, by descending tIoU. Ties keep file order, and NaN comes
 * first, as in the official sort.
 */
function insertByTiou(sorted: number[], tiou: Float64Array, index: number): void {
  const value = tiou[index]!;
  let at = sorted.length;
  for (; at > 0; at--) {
    const placed = tiou[sorted[at - 1]!]!;
    const goesBefore = value > placed || (Number.isNaN(value) && !Number.isNaN(placed));
    if (!goesBefore) break;
    sorted[at] = sorted[at - 1]!;
  }
  sorted[at] = index;
}

/**
 * Area under the interpolated precision-recall curve (PASCAL VOC 2011): each hit adds the highest
 * precision at its rank or below.
 *
 * @param claims - For each detection, by descending score, the instance that it claims or -1.
 * @param positives - Number of instances of the class.
 * @param weight - Weight of a hit relative to a miss in precision; not 1 for DETAD's normalised AP.
 */
export function averagePrecision(claims: Int32Array, positives: number, weight = 1): number {
  let hits = 0;
  for (const claim of claims) if (claim >= 0) hits++;
  let area = 0;
  let best = 0;
  for (let rank = claims.length - 1; rank >= 0; rank--) {
    if (claims[rank]! < 0) continue;
    best = Math.max(best, (hits * weight) / (hits * weight + (rank + 1 - hits)));
    area += best / positives;
    hits--;
  }
  return area;
}
