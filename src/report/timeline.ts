import type { Detection, Segment } from '../evaluation/types.js';
import type { RunFolder } from './run-folder.js';

/** What the page's timeline draws from; times in seconds, rounded to a millisecond, labels by index. */
export interface Timeline {
  runs: string[];
  labels: string[];
  /** Where the score slider starts, and its end. */
  threshold: number;
  maxScore: number;
  videos: {
    id: string;
    duration: number;
    /** Flat: start, end, label, …  */
    truth: number[];
    /** For each run, flat: start, end, score, label, … in falling score. */
    detections: number[][];
  }[];
}

/**
 * Truth and detections of the evaluated subset's videos (all that have detections, where no run says which subset).
 * The slider starts where the first run shows as many detections as there are instances.
 */
export function makeTimeline(runs: readonly RunFolder[]): Timeline {
  const subset = runs.find((run) => run.metrics?.subset !== undefined)?.metrics?.subset;
  const truth = new Map(runs.toReversed().flatMap((run) => Object.entries(run.dataset?.database ?? {})));
  const predicted = new Set(runs.flatMap((run) => Object.keys(run.detections?.results ?? {})));
  const ids =
    subset === undefined ? [...predicted] : [...truth].filter(([, video]) => video.subset === subset).map(([id]) => id);

  const labels = new Map<string, number>();
  const labelIndex = (label: string) => {
    const known = labels.get(label);
    if (known !== undefined) return known;
    labels.set(label, labels.size);
    return labels.size - 1;
  };
  const scores: number[] = [];
  let maxScore = 0;
  let instances = 0;
  const videos = ids.map((id) => {
    const video = truth.get(id);
    const annotations = video?.annotations ?? [];
    instances += annotations.length;
    const detections = runs.map((run, index) => {
      const list = (run.detections?.results[id] ?? []).filter(isDrawable).sort((a, b) => b.score - a.score);
      maxScore = Math.max(maxScore, list[0]?.score ?? 0);
      if (index === 0) for (const { score } of list) scores.push(score);
      return list.flatMap(({ segment, score, label }) => [...times(segment), rounded(score), labelIndex(label)]);
    });
    const ends = [...annotations, ...runs.flatMap((run) => run.detections?.results[id] ?? [])].map((a) => a.segment[1]);
    return {
      id,
      duration: video?.duration ?? Math.max(1, ...ends.filter(Number.isFinite)),
      truth: annotations.flatMap(({ segment, label }) => [...times(segment), labelIndex(label)]),
      detections,
    };
  });
  const falling = Float64Array.from(scores).sort().reverse();
  return {
    runs: runs.map((run) => run.name),
    labels: [...labels.keys()],
    threshold: rounded(falling[Math.min(instances, falling.length) - 1] ?? 0),
    maxScore: rounded(maxScore) || 1,
    videos,
  };
}

function isDrawable({ segment, score }: Detection): boolean {
  return segment[1] > segment[0] && Number.isFinite(segment[0] + segment[1] + score);
}

function times([start, end]: Segment): Segment {
  return [Math.round(start * 1000) / 1000, Math.round(end * 1000) / 1000];
}

function rounded(score: number): number {
  return Number(score.toPrecision(4));
}
