import path from 'node:path';
import type { DetectedVideo, Failure } from '../../evaluation/detected-video.js';
import type { Detection } from '../../evaluation/types.js';
import { UsageError } from '../../system/errors.js';
import { fileNameOf } from '../../system/files/file-name.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { exportFormats, exportOne, type ExportFormatName } from '../exports/export-formats.js';
import { chooseCues } from './cues.js';
import { detectionsCsv } from './detections-csv.js';
import { detectionPage } from './detection-page.js';
import { srt, vtt } from './subtitles.js';

/** Where detections are written, and in which formats besides `detections.json`. */
export interface Output {
  folder: string;
  formats: readonly Format[];
  /** Lowest score that subtitles show; null: a third of the video's best score. */
  minScore: number | null;
}

type Writer = (video: DetectedVideo, output: Output) => string | Promise<string>;

/** Formats of annotation tools, with the actions that subtitles show. */
const exported =
  (name: ExportFormatName): Writer =>
  ({ id, file, duration, clock = null, detections }, { minScore }) => {
    const actions = chooseCues(detections, minScore);
    return exportOne(name, { id, file, duration, clock, subset: 'detected', actions, unlabelled: [] }).content;
  };

const writers = {
  srt: ({ detections }, { minScore }) => srt(chooseCues(detections, minScore)),
  vtt: ({ detections }, { minScore }) => vtt(chooseCues(detections, minScore)),
  csv: detectionsCsv,
  html: detectionPage,
  boris: exported('boris'),
  elan: exported('elan'),
  'label-studio': exported('label-studio'),
  via: exported('via'),
  audacity: exported('audacity'),
  deepethogram: exported('deepethogram'),
} satisfies Record<string, Writer>;

/** The formats in which the detections of a video can be written, one file per video. */
export type Format = keyof typeof writers;

/**
 * Parses a list such as `srt,html`. It may contain `json`, which is always written.
 *
 * @throws UsageError for any other name.
 */
export function parseFormats(text: string): Format[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name !== 'json' && !(name in writers));
  if (wrong !== undefined)
    throw new UsageError(`--format ${wrong}: give some of json, ${Object.keys(writers).join(', ')}`);
  return [...new Set(names)].filter((name): name is Format => name in writers);
}

/**
 * Writes the files of each video as soon as it is done, as `FOLDER/<id>.<extension>` ({@link fileNameOf}), and at the
 * end `FOLDER/detections.json` in ActivityNet's format, with the warnings by video where there are some.
 *
 * @returns The videos that could not be read; they are in none of the files.
 */
export async function writeDetections(
  output: Output,
  found: AsyncIterable<DetectedVideo | Failure> | Iterable<DetectedVideo | Failure>,
): Promise<Failure[]> {
  const results: [string, Detection[]][] = [];
  const warnings: [string, string[]][] = [];
  const failures: Failure[] = [];
  for await (const video of found) {
    if ('reason' in video) {
      failures.push(video);
      continue;
    }
    for (const format of output.formats) {
      const write: Writer = writers[format];
      const name = `${fileNameOf(video.id)}${format === 'html' ? '.html' : exportFormats[format].ending}`;
      writeFileAtomic(path.join(output.folder, name), await write(video, output));
    }
    results.push([video.id, video.detections]);
    if (video.warnings.length > 0) warnings.push([video.id, video.warnings]);
  }
  const json = {
    version: 'lofi-tal 1',
    results: Object.fromEntries(results),
    ...(warnings.length > 0 && { warnings: Object.fromEntries(warnings) }),
  };
  writeFileAtomic(path.join(output.folder, 'detections.json'), `${JSON.stringify(json, null, 1)}\n`);
  return failures;
}
