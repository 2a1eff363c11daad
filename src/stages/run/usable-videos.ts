import { videosOf, type Dataset, type Video } from '../../data/dataset.js';
import { isUnlabelled } from '../../data/unlabelled-stretches.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import type { Run } from './run.js';

/**
 * The usable videos of a subset.
 *
 * @throws UsageError when there is none; WorkError when some are not usable and `data.missing` is `fail`.
 */
export function usableVideos(run: Pick<Run, 'dataset' | 'config'>, subset: string): Video[] {
  return requireSome(readableVideos(run, subset), subset, run.dataset);
}

/**
 * The usable videos of a subset of which at least a part is labelled, to learn from.
 *
 * @throws as {@link usableVideos}; UsageError when nothing is labelled.
 */
export function labelledVideos(run: Pick<Run, 'dataset' | 'config'>, subset: string): Video[] {
  const videos = usableVideos(run, subset).filter((video) => !isUnlabelled(video));
  if (videos.length > 0) return videos;
  throw new UsageError(`nothing is labelled yet in the videos of subset "${printable(subset, 40)}"`);
}

/** Returns the videos of a subset unchanged. Throws {@link UsageError} when there is none. */
export function requireSome(videos: Video[], subset: string, dataset: Dataset): Video[] {
  if (videos.length === 0)
    throw new UsageError(
      `the dataset has no usable video in subset "${printable(subset, 40)}"; ${listedSubsets(dataset)}`,
    );
  return videos;
}

/** The subsets that a dataset has, with their videos: `it has "training" (6 videos), "val" (2)`. */
export function listedSubsets({ videos }: Dataset): string {
  const names = [...new Set(videos.map(({ subset }) => subset))];
  const listed = names.map((name, i) => {
    const count = videos.filter(({ subset }) => subset === name).length;
    return `"${printable(name, 40)}" (${count}${i > 0 ? '' : count === 1 ? ' video' : ' videos'})`;
  });
  return listed.length === 0 ? 'it has no videos' : `it has ${listed.slice(0, 8).join(', ')}`;
}

/** Like {@link usableVideos}, but there may be none. */
export function readableVideos({ dataset, config }: Pick<Run, 'dataset' | 'config'>, subset: string): Video[] {
  const all = videosOf(dataset, subset);
  const broken = all.filter((video) => video.problem !== undefined);
  if (broken.length > 0 && config.data.missing === 'fail') {
    const [first] = broken as [Video];
    throw new WorkError(
      `${broken.length} of ${all.length} ${subset} videos cannot be used, ` +
        `the first: ${first.path}: ${first.problem!}. ` +
        'Repair them, or set data.missing=skip.',
    );
  }
  return all.filter((video) => video.problem === undefined);
}
