import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { readTable } from './csv-table.js';
import { stripVideoExtension } from '../video-files.js';
import type { AnnotatedVideo } from './annotations.js';

/**
 * Reads `video,start,end,label[,subset]`, one instance per line, with times in seconds or as `hh:mm:ss.mmm`. `video` is
 * the file's name with or without its extension. The subset is 'training' if not given.
 *
 * @throws UsageError with file:line.
 */
export function readCsv(file: string): AnnotatedVideo[] {
  return readTable(file, ['video', 'start', 'end', 'label'], ['subset']).map(({ line, fields }) => ({
    id: stripVideoExtension(fields['video']!),
    subset: fields['subset'] || 'training',
    instances: [
      {
        start: timeOf(fields['start']!, `${file}:${line}`),
        end: timeOf(fields['end']!, `${file}:${line}`),
        label: fields['label']!,
      },
    ],
    warnings: [],
  }));
}

/**
 * Parses a time as {@link parseTime} does.
 *
 * @returns Seconds.
 * @throws UsageError beginning with `where` when the text is not a time.
 */
export function timeOf(text: string, where: string): number {
  const time = parseTime(text);
  if (time === undefined)
    throw new UsageError(`${where}: "${printable(text, 40)}" is not a time: write seconds or hh:mm:ss.mmm`);
  return time;
}

/** Seconds from `83.5`, `1:23.5` or `00:01:23.500`; undefined for any other text. */
export function parseTime(text: string): number | undefined {
  const match = /^(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)$/.exec(text);
  if (!match) return undefined;
  const [, hours = '0', minutes, rest] = match;
  const [whole, seconds] = [Number(hours) * 3600 + Number(minutes ?? 0) * 60, Number(rest)];
  return (minutes === undefined || seconds < 60) && Number.isFinite(whole + seconds) ? whole + seconds : undefined;
}
