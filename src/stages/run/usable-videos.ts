import { videosOf, type Video } from '../../data/dataset.js';
import { UsageError, WorkError } from '../../system/errors.js';
import type { Run } from './run.js';

/** The usable videos of a subset; with `data.missing: fail`, all must be. Throws {@link UsageError} where there is none. */
export function usableVideos(run: Pick<Run, 'dataset' | 'config'>, subset: string): Video[] {
  return requireSome(readableVideos(run, subset), subset);
}

/** The videos of a subset, if there are any. Throws {@link UsageError} where there is none. */
export function requireSome(videos: Video[], subset: string): Video[] {
  if (videos.length === 0) throw new UsageError(`the dataset has no usable video in subset "${subset}"`);
  return videos;
}

/** As {@link usableVideos}, but there may be none. */
export function readableVideos({ dataset, config }: Pick<Run, 'dataset' | 'config'>, subset: string): Video[] {
  const all = videosOf(dataset, subset);
  const broken = all.filter((video) => video.problem !== undefined);
  if (broken.length > 0 && config.data.missing === 'fail') {
    const [first] = broken as [Video];
    throw new WorkError(
      `${broken.length} of ${all.length} ${subset} videos cannot be used, the first: ${first.path}: ${first.problem!}. ` +
        'Mend them, or set data.missing=skip.',
    );
  }
  return all.filter((video) => video.problem === undefined);
}
