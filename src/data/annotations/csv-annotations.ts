import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import type { Instance } from '../dataset.js';
import type { AnnotatedVideo } from './annotations.js';
import { readTable } from './csv-table.js';
import { namesOfVideos } from './video-names.js';

const ofInstance = ['start', 'end', 'label'] as const;

/**
 * Reads `video,start,end,label[,subset]`, one instance per line, with times in seconds or as `hh:mm:ss.mmm`. `video` is
 * the file's name with or without its extension. A line whose start, end and label are empty is a video without
 * actions.
 * The subset is 'training' if not given.
 *
 * @throws UsageError with file:line.
 */
export function readCsv(file: string): AnnotatedVideo[] {
  const required = ['video', ...ofInstance];
  const rows = readTable(file, { required, optional: ['subset'], mayBeEmpty: ofInstance });
  const names = namesOfVideos(rows.map(({ line, fields }) => ({ name: fields['video']!, where: `${file}:${line}` })));
  return rows.map(({ line, fields }, i) => ({
    ...names[i]!,
    subset: fields['subset'] || 'training',
    instances: instancesOf(fields, `${file}:${line}`),
    warnings: [],
  }));
}

/** The instance of a row; none where the row says that its video has no actions. */
function instancesOf(fields: Record<string, string>, where: string): Instance[] {
  const empty = ofInstance.filter((column) => fields[column] === '');
  if (empty.length === ofInstance.length) return [];
  if (empty.length > 0)
    throw new UsageError(
      `${where}: ${empty[0]!} is empty; a video without actions has a line with start, end and label all empty`,
    );
  return [{ start: timeOf(fields['start']!, where), end: timeOf(fields['end']!, where), label: fields['label']! }];
}

/** Digits with a comma that may be a decimal mark or may separate thousands. */
const ambiguous = /^[1-9]\d{0,2},\d{3}$/;

/**
 * Parses a time as {@link parseTime} does.
 *
 * @returns Seconds.
 * @throws UsageError beginning with `where` when the text is not a time.
 */
export function timeOf(text: string, where: string): number {
  const time = parseTime(text);
  if (time !== undefined) return time;
  const shown = `${where}: "${printable(text, 40)}"`;
  if (ambiguous.test(text)) {
    const [point, whole] = [text.replace(',', '.'), text.replace(',', '')];
    throw new UsageError(
      `${shown} may be ${point} or ${whole} seconds: write it with a decimal point or without comma`,
    );
  }
  if (text.startsWith('-'))
    throw new UsageError(
      `${shown} is not a time, which is 0 or later: where it stands for "unknown", write the time or delete the line`,
    );
  throw new UsageError(`${shown} is not a time: write seconds or hh:mm:ss.mmm`);
}

/**
 * Seconds from `83.5`, `83,5`, `1:23.5` or `00:01:23.500`; undefined for any other text, also for `1,500`, which may
 * mean 1.5 or 1500.
 */
export function parseTime(text: string): number | undefined {
  const match = /^(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*|,\d+)?|[.,]\d+)$/.exec(text);
  if (!match || ambiguous.test(text)) return undefined;
  const [, hours = '0', minutes, rest] = match;
  const [whole, seconds] = [Number(hours) * 3600 + Number(minutes ?? 0) * 60, Number(rest!.replace(',', '.'))];
  return (minutes === undefined || seconds < 60) && Number.isFinite(whole + seconds) ? whole + seconds : undefined;
}
