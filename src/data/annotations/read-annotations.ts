import type { Config } from '../../config/schema.js';
import { UsageError } from '../../system/errors.js';
import { readActivityNet } from './activitynet.js';
import type { AnnotatedVideo } from './annotations.js';
import { joinVideos } from './join-videos.js';
import { readCsv } from './csv-annotations.js';
import { readGtad } from './gtad-tables.js';

/** The formats that have a name of their own; `auto` is all that are told by their content. */
export type AnnotationFormat = Exclude<Config['data']['format'], 'auto'>;

/** How the files of one format are read. */
interface FormatReader {
  read: (file: string) => AnnotatedVideo[];
  /** Names, beside its id, under which a video's file may lie in the folder of videos. */
  otherNames?: (video: AnnotatedVideo) => string[];
}

const readers: Record<AnnotationFormat, FormatReader> = {
  activitynet: { read: readActivityNet },
  // THUMOS14 is published as ActionFormer's JSON, which is ActivityNet's, and as G-TAD's tables.
  thumos: { read: readGtad },
  gtad: { read: readGtad },
  hacs: { read: readActivityNet, otherNames: namesInLabelFolders },
  csv: { read: readCsv },
};

/** HACS's own downloader puts a video into a folder named after one of its labels, with `_` for spaces. */
function namesInLabelFolders({ id, instances }: AnnotatedVideo): string[] {
  const labels = new Set(instances.map(({ label }) => label.replaceAll(' ', '_')));
  return [...labels].filter((label) => /^[^./\\][^/\\]*$/.test(label)).map((label) => `${label}/${id}`);
}

/** Names, beside its id, under which the file of a video of this format may lie in the folder of videos. */
export function otherNames(format: string, video: AnnotatedVideo): string[] {
  return (isFormat(format) && readers[format].otherNames?.(video)) || [];
}

/**
 * The videos of an annotation file, in its order, each once. A video in several subsets stays in the first
 * one, with the instances of all: a video must not be both trained and validated on, and a missing instance
 * would be taught as background.
 *
 * @throws UsageError when the format is unknown or the file does not have it (with file:line).
 */
export function readAnnotations(format: string, file: string): AnnotatedVideo[] {
  if (!isFormat(format)) {
    throw new UsageError(`annotation format "${format}" is not supported: use ${Object.keys(readers).join(', ')}`);
  }
  const videos = new Map<string, AnnotatedVideo>();
  for (const video of readers[format].read(file)) {
    // Composed and decomposed letters look the same.
    const key = video.id.normalize('NFC');
    const first = videos.get(key);
    videos.set(key, first ? joinVideos(first, video) : video);
  }
  if (videos.size === 0) throw new UsageError(`${file}: no videos in it`);
  return [...videos.values()];
}

function isFormat(name: string): name is AnnotationFormat {
  return Object.hasOwn(readers, name);
}
