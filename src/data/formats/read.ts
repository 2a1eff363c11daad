import { UsageError } from '../../system/errors.js';
import { readActivityNet } from './activitynet.js';
import type { AnnotatedVideo } from './annotations.js';
import { readCsv } from './csv.js';

const readers = { activitynet: readActivityNet, csv: readCsv };

export type AnnotationFormat = keyof typeof readers;

export const annotationFormats = Object.keys(readers) as AnnotationFormat[];

/** @throws UsageError when the format is unknown, or the file is not of it (naming file and field or line). */
export function readAnnotations(format: string, file: string): AnnotatedVideo[] {
  const reader = annotationFormats.find((known) => known === format);
  if (!reader)
    throw new UsageError(`annotation format "${format}" is not supported: use ${annotationFormats.join(' or ')}`);
  const videos = readers[reader](file);
  if (videos.length === 0) throw new UsageError(`${file}: no videos in it`);
  return videos;
}
