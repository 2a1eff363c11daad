import type { DetectionColumns } from './columns.js';
import { byFallingScore, groupBy } from './ranking.js';
import { temporalIou } from './segments.js';
import { selectVideos, type MissingPolicy } from './select.js';
import type { GroundTruth, Predictions, Segment } from './types.js';
import { judgedColumns } from './unlabelled-detections.js';

/** Number of points of the recall curve: 1 % to 100 % of the allowed proposals. */
const POINTS = 100;
/** The numbers of proposals per video for which papers quote AR. */
const QUOTED = [1, 5, 10, 50, 100];

/** The result document of `lofi evaluate --metric ar`. Recalls are fractions; AUC is in percent. */
export interface ProposalMetrics {
  subset: string;
  tiou: number[];
  /**
   * Average recall at an average of 1, 5, 10, 50 and 100 proposals per video (interpolated;
   * constant beyond the curve's ends).
   */
  AR: Record<string, number>;
  /** Area under the AR-AN curve in percent of its width. */
  AUC: number;
  /** The curve: 100 points. */
  curve: { proposals_per_video: number[]; average_recall: number[] };
  counts: {
    videos: number;
    videos_missing: number;
    instances: number;
    proposals: number;
    /** Proposals that remain when each video keeps its share of best ones. */
    proposals_used: number;
    proposals_unknown_video: number;
    /** Proposals left out because most of them lies where nobody has labelled; present where there are some. */
    proposals_unlabelled?: number;
  };
}

/**
 * Average recall against the average number of proposals per video, exactly as in ActivityNet's official
 * `eval_proposal.py`: each video keeps the same fraction of its proposals, such that the average over videos is
 * `maxAverage` (default: all). Labels are ignored, and ties keep file order. Without any proposal every recall is 0
 * (the official code divides by zero).
 *
 * @throws UsageError when the subset has no instance; WorkError for `missing: 'fail'` (see {@link selectVideos}).
 */
export function evaluateProposals(
  truth: GroundTruth,
  predictions: Predictions | DetectionColumns,
  options: { subset: string; tiou: readonly number[]; maxAverage?: number | undefined; missing?: MissingPolicy },
): ProposalMetrics {
  const { columns, unlabelled } = judgedColumns(truth, predictions);
  const selection = selectVideos(truth, new Set(columns.videos), options.subset, options.missing);
  const judged = selection.videos
    .map((id, i) => ({ id, instances: selection.annotations[i]!.map((a) => a.segment) }))
    .filter(({ instances }) => instances.length > 0);
  const indices = new Map(judged.map(({ id }, index) => [id, index]));
  const indexOf = columns.videos.map((id) => indices.get(id) ?? -1);
  const video = columns.video.map((v) => indexOf[v]!);
  const { members, offset } = groupBy(video, judged.length, byFallingScore(columns.score));

  // Products are computed in the official order, because truncation to whole proposals depends on the last bit.
  const allowed = options.maxAverage ?? columns.count / judged.length;
  const ratio = (allowed * judged.length) / columns.count;
  const kept = judged.map((_, video) => {
    const ranked = members.subarray(offset[video], offset[video + 1]);
    return ranked.subarray(0, Math.min(Math.trunc(ranked.length * ratio), ranked.length));
  });
  const used = kept.reduce((sum, ranked) => sum + ranked.length, 0);
  const share = Array.from({ length: POINTS }, (_, i) => ((i + 1) / 100) * ((allowed * judged.length) / used));

  const matches = new Float64Array(POINTS);
  judged.forEach(({ instances }, video) => {
    const ranked = kept[video]!;
    const firstRank = firstRanks(instances, ranked, columns.start, columns.end, options.tiou);
    share.forEach((part, point) => {
      const n = Math.min(Math.trunc(ranked.length * part), ranked.length);
      for (const rank of firstRank) if (rank < n) matches[point]!++;
    });
  });

  const instances = judged.reduce((sum, video) => sum + video.instances.length, 0);
  const recall = Array.from(matches, (m) => m / (instances * options.tiou.length));
  const average = used === 0 ? share.map(() => 0) : share.map((part) => part * (used / judged.length));
  return {
    subset: options.subset,
    tiou: [...options.tiou],
    AR: Object.fromEntries(QUOTED.map((n) => [String(n), interpolate(n, average, recall)])),
    AUC: used === 0 ? 0 : (100 * trapezoid(average, recall)) / average.at(-1)!,
    curve: { proposals_per_video: average, average_recall: recall },
    counts: {
      videos: selection.videos.length,
      videos_missing: selection.missing.length,
      instances,
      proposals: columns.count + unlabelled,
      proposals_used: used,
      proposals_unknown_video: columns.count - members.length,
      ...(unlabelled > 0 && { proposals_unlabelled: unlabelled }),
    },
  };
}

/**
 * For each instance and threshold, the rank (from 0) of the first proposal that reaches the
 * threshold; Infinity where none does.
 */
function firstRanks(
  instances: readonly Segment[],
  ranked: Int32Array,
  start: Float64Array,
  end: Float64Array,
  thresholds: readonly number[],
): number[] {
  return instances.flatMap((instance) => {
    const first = thresholds.map(() => Number.POSITIVE_INFINITY);
    ranked.forEach((p, rank) => {
      const tiou = temporalIou(start[p]!, end[p]!, instance[0], instance[1]);
      for (let t = 0; t < first.length; t++) if (tiou >= thresholds[t]! && rank < first[t]!) first[t] = rank;
    });
    return first;
  });
}

/** Linear interpolation at x, constant beyond both ends (`np.interp`). */
function interpolate(x: number, xs: readonly number[], ys: readonly number[]): number {
  const right = xs.findIndex((value) => value >= x);
  if (right < 0) return ys.at(-1)!;
  if (right === 0) return ys[0]!;
  const left = right - 1;
  return ys[left]! + ((x - xs[left]!) * (ys[right]! - ys[left]!)) / (xs[right]! - xs[left]!);
}

function trapezoid(xs: readonly number[], ys: readonly number[]): number {
  let area = 0;
  for (let i = 1; i < xs.length; i++) area += ((xs[i]! - xs[i - 1]!) * (ys[i]! + ys[i - 1]!)) / 2;
  return area;
}
