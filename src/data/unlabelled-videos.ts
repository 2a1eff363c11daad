import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { inParallel } from '../system/parallel.js';
import type { Video } from './dataset.js';
import { leftOut, videosInFolder } from './folder-videos.js';
import { measureVideo } from './prepare.js';

/**
 * The videos in a folder and its subfolders, as videos without annotations. Their ids are their paths in the folder.
 *
 * @param before - The videos as they were measured before: a file that is still the same is not decoded again.
 * @param onProgress - Called with the number of files measured and their total.
 * @returns The videos in the order of their ids, with a `problem` where one cannot be used, and a line about each kind
 *   of file that was left out.
 * @throws UsageError when the folder cannot be read or holds no video.
 */
export async function unlabelledVideos(
  folder: string,
  before: readonly Video[],
  onProgress?: (done: number, total: number) => void,
): Promise<{ videos: Video[]; warnings: string[] }> {
  const found = await videosInFolder(folder, true).catch((error: unknown) => {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`folder of videos without labels (data.unlabelled) not readable: ${folder} (${code})`);
  });
  if (found.videos.length === 0)
    throw new UsageError(`no video in ${folder}: data.unlabelled names a folder of videos`);
  const known = new Map(before.map((video) => [video.path, video]));
  const measured = await inParallel(
    found.videos,
    (name) => {
      const file = path.join(folder, name);
      const id = name.split(path.sep).join('/');
      const annotated = { id, subset: 'unlabelled', instances: [], warnings: [] };
      return measureVideo(annotated, { file, exists: true }, id, known.get(file));
    },
    onProgress,
  );
  return { videos: measured.map(({ video }) => video), warnings: leftOut(folder, found) };
}
