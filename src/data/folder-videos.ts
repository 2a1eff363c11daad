import { readdirSync } from 'node:fs';
import path from 'node:path';
import { inParallel } from '../system/parallel.js';
import { printable } from '../system/printable.js';
import { holdsVideo } from '../video/holds-video.js';
import { hasVideoExtension } from './video-extensions.js';

/** The files of a folder: those that are videos, and those that are not. Names relative to the folder, sorted. */
export interface FolderVideos {
  videos: string[];
  others: string[];
  /** Number of subfolders that were not looked into. */
  folders: number;
}

/**
 * Tells the videos in a folder from its other files. A file with a video's extension counts as one, even if it is
 * broken; of any other, ffmpeg is asked. Hidden files are passed over.
 *
 * @param below - Whether subfolders are looked into.
 */
export async function videosInFolder(folder: string, below: boolean): Promise<FolderVideos> {
  const entries = readdirSync(folder, { recursive: below, withFileTypes: true }).filter(
    ({ name }) => !name.startsWith('.'),
  );
  const folders = below ? 0 : entries.filter((entry) => entry.isDirectory()).length;
  // Where subfolders are checked, one that is named like a video is told of as a broken one.
  const names = entries
    .filter((entry) => !entry.isDirectory() || (below && hasVideoExtension(entry.name)))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const are = await inParallel(names, async (name) => hasVideoExtension(name) || holdsVideo(path.join(folder, name)));
  return { videos: names.filter((_, i) => are[i]), others: names.filter((_, i) => !are[i]), folders };
}

/** Lines about what of a folder is left out. */
export function leftOut(folder: string, { others, folders }: FolderVideos): string[] {
  const lines = [];
  if (others.length > 0) {
    const names = others.slice(0, 3).map((name) => printable(name, 60));
    const files = others.length === 1 ? '1 file' : `${others.length} files`;
    const more = others.length > names.length ? ', …' : '';
    lines.push(`${folder}: left out ${files} in which ffmpeg finds no video: ${names.join(', ')}${more}`);
  }
  if (folders > 0) lines.push(`${folder}: not looked into ${folders === 1 ? 'a folder' : `${folders} folders`} in it`);
  return lines;
}
