import type { Detection } from '../../evaluation/types.js';

/** A detection that is shown while it lasts; seconds. */
export interface Cue {
  start: number;
  end: number;
  label: string;
  score: number;
}

/** Of the video's best score, where no least score is given: what scores mean differs from model to model. */
const ofBest = 1 / 3;

/**
 * What is worth showing of a video's detections, by time: those from `minScore` on (null: from a third of the best score), of any that share
 * more than half of the shorter one's time only the best.
 */
export function chooseCues(detections: readonly Detection[], minScore: number | null): Cue[] {
  const falling = [...detections].sort((a, b) => b.score - a.score);
  const least = minScore ?? ofBest * (falling[0]?.score ?? 0);
  const cues: Cue[] = [];
  for (const {
    label,
    score,
    segment: [start, end],
  } of falling) {
    // prettier-ignore
    if (score < least) break;
    const cue = { start, end, label, score };
    if (!cues.some((shown) => covers(shown, cue))) cues.push(cue);
  }
  return cues.sort((a, b) => a.start - b.start || a.end - b.end);
}

function covers(a: Cue, b: Cue): boolean {
  const both = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return both > 0.5 * Math.min(a.end - a.start, b.end - b.start);
}
