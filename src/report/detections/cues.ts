import type { Detection } from '../../evaluation/types.js';

/** A detection with the time in which it is shown, in seconds. */
export interface Cue {
  start: number;
  end: number;
  label: string;
  score: number;
}

/**
 * Part of the video's best score that a detection must reach if no minimum is given, since
 * scores of different models differ.
 */
const ofBest = 1 / 3;

/**
 * The detections of a video that are worth showing, by time: those that reach `minScore` (null: a third of the best
 * score). Of detections that share more than half of the shorter one's time, only the best is shown.
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
