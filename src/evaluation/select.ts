import { UsageError, WorkError } from '../system/errors.js';
import { presets } from './tiou.js';
import type { Annotation, GroundTruth } from './types.js';

/**
 * How videos of the subset are treated that the predictions do not name: 'skip' leaves them out, 'fail' is an error,
 * and undefined (the official way) counts all their instances as missed.
 */
export type MissingPolicy = 'fail' | 'skip' | undefined;

/** The ground truth to evaluate on: videos of one subset, in file order. */
export interface Selection {
  /** Id of each video kept. */
  videos: string[];
  /** Instances of each video kept. */
  annotations: Annotation[][];
  /** Ids of the subset that the predictions do not name. */
  missing: string[];
}

/**
 * Selects the videos of `subset` and applies the policy for missing videos.
 *
 * @param predicted - The videos that the predictions name, even with an empty list.
 * @throws UsageError when the subset has no instance; WorkError for `fail` when a video is missing.
 */
export function selectVideos(
  truth: GroundTruth,
  predicted: ReadonlySet<string>,
  subset: string,
  policy: MissingPolicy,
): Selection {
  const selection: Selection = { videos: [], annotations: [], missing: [] };
  for (const [id, video] of Object.entries(truth.database)) {
    if (video.subset !== subset) continue;
    const missing = !predicted.has(id);
    if (missing) selection.missing.push(id);
    if (missing && policy === 'skip') continue;
    selection.videos.push(id);
    selection.annotations.push(video.annotations);
  }
  if (policy === 'fail' && selection.missing.length > 0) {
    throw new WorkError(`no predictions for ${listed(selection.missing)} of subset "${subset}" (--missing fail)`);
  }
  if (!selection.annotations.some((list) => list.length > 0)) {
    if (policy === 'skip' && selection.missing.length > 0) {
      throw new WorkError(`no video of subset "${subset}" with instances has predictions (--missing skip)`);
    }
    throw new UsageError(
      `no instances in subset "${subset}"; the ground truth has ${
        subsetsOf(truth)
          .map((s) => `"${s}"`)
          .join(', ') || 'no videos'
      }`,
    );
  }
  return selection;
}

/** The subset on which a benchmark evaluates: the first of its usual names that the ground truth has. */
export function presetSubset(truth: GroundTruth, preset: keyof typeof presets): string {
  const { subsets } = presets[preset];
  const present = subsetsOf(truth);
  return subsets.find((name) => present.includes(name)) ?? subsets[0]!;
}

/** Names of the subsets in a ground truth, in order of appearance. */
export function subsetsOf(truth: GroundTruth): string[] {
  return [...new Set(Object.values(truth.database).map((video) => video.subset))];
}

/** A number and the first few names, for messages: `7 videos (a, b, c, …)`. */
export function listed(names: readonly string[], what = 'video'): string {
  const shown = names.slice(0, 5).join(', ');
  return `${names.length} ${what}${names.length === 1 ? '' : 's'} (${shown}${names.length > 5 ? ', …' : ''})`;
}
