import { videosOf, type Video } from '../../data/dataset.js';
import { UsageError, WorkError } from '../../system/errors.js';
import type { Run } from './run.js';

/**
 * The usable videos of a subset.
 *
 * @throws UsageError when there is none; WorkError when some are not usable and `data.missing` is `fail`.
 */
export function usableVideos(run: Pick<Run, 'dataset' | 'config'>, subset: string): Video[] {
  return requireSome(readableVideos(run, subset), subset);
}

/** Returns the videos of a subset unchanged. Throws {@link UsageError} when there is none. */
export function requireSome(videos: Video[], subset: string): Video[] {
  if (videos.length === 0) throw new UsageError(`the dataset has no usable video in subset "${subset}"`);
  return videos;
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
