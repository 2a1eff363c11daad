import { temporalIou } from '../segments.js';
import type { Judged, JudgedClass } from './judged.js';
import type { Outcome } from './analysis-types.js';

/** A detection that overlaps every instance by less than this tIoU is background. */
export const BACKGROUND_TIOU = 0.1;

/** The instance of any class that a detection overlaps most; `instance` is -1 and `tiou` 0 where it overlaps none. */
export interface Overlap {
  instance: number;
  tiou: number;
}

/** The instances of each video, of all classes, in file order, which decides between equal overlaps. */
export function instancesByVideo({ aligned, videos }: Judged): number[][] {
  const byVideo = videos.map((): number[] => []);
  const { video, inFileOrder } = aligned.instances;
  for (const i of inFileOrder) byVideo[video[i]!]!.push(i);
  return byVideo;
}

/** The instance that each of the `count` best detections of a class overlaps most. */
export function bestOverlaps(
  { aligned: { instances, detections } }: Judged,
  byVideo: readonly (readonly number[])[],
  { ranked }: JudgedClass,
  count: number,
): Overlap[] {
  return Array.from(ranked.subarray(0, count), (d) => {
    const best: Overlap = { instance: -1, tiou: 0 };
    for (const i of byVideo[detections.video[d]!] ?? []) {
      const tiou = temporalIou(detections.start[d]!, detections.end[d]!, instances.start[i]!, instances.end[i]!);
      if (tiou > best.tiou) Object.assign(best, { instance: i, tiou });
    }
    return best;
  });
}

/**
 * The outcome of a detection (see {@link Outcome}).
 *
 * @param claimed - Whether it claims an instance of its label.
 * @param right - Whether the instance that it overlaps most has its label.
 */
export function outcomeOf(claimed: boolean, best: Overlap, right: boolean, threshold: number): Outcome {
  if (claimed) return 'true_positive';
  if (best.tiou >= threshold) return right ? 'double_detection' : 'wrong_label';
  if (best.tiou >= BACKGROUND_TIOU) return right ? 'localization' : 'confusion';
  return 'background';
}
