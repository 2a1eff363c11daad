import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { inParallel } from '../system/parallel.js';
import type { AnnotatedVideo } from './annotations/annotations.js';
import { placeOf } from './annotations/place-of.js';
import { joinVideos } from './annotations/join-videos.js';
import { otherNames } from './annotations/read-annotations.js';
import { VideoFolder, type FoundFile } from './video-files.js';

/** A video of an annotation file, and where its file is. */
export interface LocatedVideo {
  video: AnnotatedVideo;
  found: FoundFile;
}

/** Where videos are annotated and lie; `videos` is null where there are only features. */
interface Places {
  format: string;
  annotations: string | readonly string[];
  videos: string | null;
}

/**
 * Finds the file of each video: under the name that the annotation file has for it, or under another one of its format.
 * Entries whose names differ by the extension only, as `match` and `match.mts`, and mean one file are one video.
 *
 * @throws UsageError with file:line when a name may mean several videos, or leads out of the folder.
 */
export async function locateVideos(annotated: readonly AnnotatedVideo[], places: Places): Promise<LocatedVideo[]> {
  const { videos, annotations, format } = places;
  if (videos === null)
    return annotated.map((video) => ({ video, found: { file: path.resolve(video.id), exists: false } }));
  const folder = new VideoFolder(videos);
  const files = await inParallel(annotated, async (video) => {
    const name = video.fileName ?? video.id;
    try {
      return await findFile(folder, name, otherNames(format, video));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const place = video.where ?? placeOf(String(annotations), name);
      throw new UsageError(`${place}: ${error.message}`);
    }
  });
  const firsts = new Map<string, AnnotatedVideo>();
  return annotated.flatMap((video, i) => {
    const found = files[i]!;
    const first = firsts.get(found.file);
    if (first && isNameOf(found.file, first) && isNameOf(found.file, video)) {
      joinVideos(first, video);
      return [];
    }
    firsts.set(found.file, first ?? video);
    return [{ video, found }];
  });
}

/** The file of a name, or else of the first of other names that has one. */
async function findFile(folder: VideoFolder, name: string, others: readonly string[]): Promise<FoundFile> {
  const first = await folder.find(name);
  for (const other of first.exists ? [] : others) {
    const found = await folder.find(other);
    if (found.exists) return found;
  }
  return first;
}

/** Whether a video is called as its file is, with or without the extension. */
function isNameOf(file: string, { id, fileName = id }: AnnotatedVideo): boolean {
  const { base, name } = path.parse(file.normalize('NFC'));
  return [id, fileName].some((one) => [base, name].includes(path.basename(one.normalize('NFC'))));
}
