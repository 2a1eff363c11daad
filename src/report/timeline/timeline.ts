import path from 'node:path';
import type { DetectionColumns } from '../../evaluation/columns.js';
import type { ReportedRun } from '../run/reported-run.js';

/** The data of the page's timeline. Times are in seconds, rounded to a millisecond; labels are given by index. */
export interface Timeline {
  runs: string[];
  labels: string[];
  /** Initial value of the score slider; `maxScore` is its end. */
  threshold: number;
  maxScore: number;
  /** Number of detections, the best ones, that the page has of each video and run; null: all. */
  most: number | null;
  videos: TimelineVideo[];
}

export interface TimelineVideo {
  id: string;
  duration: number;
  /** The file as a URL relative to the page; absent where the dataset does not say where it is. */
  file?: string;
  /** Flat: start, end, label, … */
  truth: number[];
  /** For each run, flat: start, end, score, label, … by descending score. */
  detections: number[][];
  /** For each run, how wrongly each snippet was predicted, as a share of the largest; absent where no run has it. */
  errors?: (readonly number[])[];
}

/** A page with more detections than this is slow to load. */
const MOST_DETECTIONS = 400_000;

/**
 * Truth and detections of the videos of the evaluated subset; of all videos with detections, if no run names a subset.
 * The slider starts where the first run shows as many detections as there are instances.
 *
 * @param pageFolder - The folder of the page. The videos' URLs are relative to it.
 */
export function makeTimeline(runs: readonly ReportedRun[], pageFolder: string): Timeline {
  const subset = runs.find((run) => run.metrics?.subset !== undefined)?.metrics?.subset;
  const truth = new Map(runs.toReversed().flatMap((run) => Object.entries(run.dataset?.database ?? {})));
  const files = videoFiles(runs);
  const listed = runs.map((run) => (run.detections ? rowsByVideo(run.detections) : new Map<string, Int32Array>()));
  const ids =
    subset === undefined
      ? [...new Set(listed.flatMap((rows) => [...rows.keys()]))]
      : [...truth].filter(([, video]) => video.subset === subset).map(([id]) => id);
  const most = Math.min(1000, Math.max(10, Math.floor(MOST_DETECTIONS / (ids.length * runs.length))));

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
  let longest = 0;
  const videos = ids.map((id): TimelineVideo => {
    const video = truth.get(id);
    const file = files.get(id);
    const annotations = video?.annotations ?? [];
    instances += annotations.length;
    let last = annotations.reduce((latest, { segment }) => Math.max(latest, segment[1]), 1);
    const detections = runs.map(({ detections: columns }, index) => {
      const rows = listed[index]!.get(id) ?? [];
      if (!columns || rows.length === 0) return [];
      const { start, end, score, label } = columns;
      maxScore = Math.max(maxScore, score[rows[0]!]!);
      for (const row of rows) {
        if (index === 0) scores.push(score[row]!);
        last = Math.max(last, end[row]!);
      }
      longest = Math.max(longest, rows.length);
      return [...rows.slice(0, most)].flatMap((row) => [
        seconds(start[row]!),
        seconds(end[row]!),
        rounded(score[row]!),
        labelIndex(columns.labels[label[row]!]!),
      ]);
    });
    return {
      id,
      duration: video?.duration ?? last,
      ...(file === undefined ? {} : { file: relativeUrl(pageFolder, file) }),
      truth: annotations.flatMap(({ segment, label }) => [...segment.map(seconds), labelIndex(label)]),
      detections,
      ...predictionErrors(runs, id),
    };
  });
  const falling = Float64Array.from(scores).sort().reverse();
  return {
    runs: runs.map((run) => run.name),
    labels: [...labels.keys()],
    threshold: rounded(falling[Math.min(instances, falling.length) - 1] ?? 0),
    maxScore: rounded(maxScore) || 1,
    most: longest > most ? most : null,
    videos,
  };
}

function predictionErrors(runs: readonly ReportedRun[], id: string): Pick<TimelineVideo, 'errors'> {
  const errors = runs.map(({ predictionErrors: of = {} }) => (Object.hasOwn(of, id) ? of[id]! : []));
  if (errors.every((list) => list.length === 0)) return {};
  return {
    errors: errors.map((list) => {
      const most = list.reduce((a, b) => Math.max(a, b), Number.MIN_VALUE);
      return list.map((error) => Math.round((1000 * error) / most) / 1000);
    }),
  };
}

/** Absolute paths of the videos of all runs. If two runs know a video, the first one counts. */
export function videoFiles(runs: readonly ReportedRun[]): Map<string, string> {
  return new Map(runs.toReversed().flatMap((run) => [...run.videoFiles]));
}

/** The URL of a file relative to the folder of a page. */
export function relativeUrl(folder: string, file: string): string {
  // Half a character, which JSON can hold, has no place in a URL.
  const relative = path.relative(path.resolve(folder), path.resolve(file)).replace(/\p{Cs}/gu, '\ufffd');
  return relative.split(path.sep).map(encodeURIComponent).join('/');
}

/** The detections of each video that can be drawn (as rows of the columns), by descending score. */
function rowsByVideo({ count, start, end, score, video, videos }: DetectionColumns): Map<string, Int32Array> {
  const lists = videos.map((): number[] => []);
  for (let i = 0; i < count; i++) {
    const drawable = end[i]! > start[i]! && Number.isFinite(start[i]! + end[i]! + score[i]!);
    if (drawable) lists[video[i]!]!.push(i);
  }
  return new Map(videos.map((id, v) => [id, Int32Array.from(lists[v]!).sort((a, b) => score[b]! - score[a]!)]));
}

/** Rounds a time to a millisecond, as pages store times. */
export function seconds(time: number): number {
  return Math.round(time * 1000) / 1000;
}

/** Rounds a score to four digits, as pages store scores. */
export function rounded(score: number): number {
  return Number(score.toPrecision(4));
}
