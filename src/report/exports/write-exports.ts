import { statSync } from 'node:fs';
import path from 'node:path';
import { fileNameOf } from '../../system/files/file-name.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { exportFormats, type ExportFormat, type ExportFormatName } from './export-formats.js';
import { labelsOfVideos, type ExportedVideo } from './exported-video.js';

/**
 * Writes the annotations of videos for a tool. A format with a file for each video writes them into the folder `out`,
 * as `<id><ending>`; where there is one video and `out` ends like such a file, that file is written.
 *
 * @returns The files, and a line for each thing that the format could not hold.
 */
export function writeExports(
  videos: readonly ExportedVideo[],
  name: ExportFormatName,
  out: string,
): { files: string[]; notes: string[] } {
  const format: ExportFormat = exportFormats[name];
  const stretches = videos.reduce((sum, { unlabelled }) => sum + unlabelled.length, 0);
  const lost = `${name} has no place for the ${stretches} stretches that nobody has labelled: they look like background`;
  const notes = stretches > 0 && !format.holdsUnlabelled ? [lost] : [];
  if ('all' in format) {
    const exported = format.all(videos);
    writeFileAtomic(out, exported.content);
    return { files: [out], notes: [...notes, ...exported.notes] };
  }
  const classes = labelsOfVideos(videos);
  const isFolder = statSync(out, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const single = videos.length === 1 && !isFolder && path.extname(out) === `.${format.ending.split('.').at(-1)!}`;
  const files = videos.map((video) => {
    const file = single ? out : path.join(out, `${fileNameOf(video.id)}${format.ending}`);
    const exported = format.each(video, classes);
    writeFileAtomic(file, exported.content);
    notes.push(...exported.notes);
    return file;
  });
  return { files, notes };
}
