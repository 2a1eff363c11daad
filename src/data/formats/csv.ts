import { UsageError } from '../../system/errors.js';
import { readTable } from '../table.js';
import { stripVideoExtension } from '../video-files.js';
import type { AnnotatedVideo } from './annotations.js';

/**
 * Reads `video,start,end,label[,subset]`, one instance a line; times in seconds or `hh:mm:ss.mmm`; subset 'training' if not given.
 * `video` is the file's name with or without its extension.
 * @throws UsageError with file:line.
 */
export function readCsv(file: string): AnnotatedVideo[] {
  const videos = new Map<string, AnnotatedVideo>();
  for (const { line, fields } of readTable(file, ['video', 'start', 'end', 'label'], ['subset'])) {
    const id = stripVideoExtension(fields['video']!);
    const subset = fields['subset'] || 'training';
    const video = videos.get(id) ?? { id, subset, instances: [] };
    if (video.subset !== subset) {
      throw new UsageError(
        `${file}:${line}: ${id} is in "${subset}" here and in "${video.subset}" before: give it one split`,
      );
    }
    const [start, end] = [fields['start']!, fields['end']!].map((text) => {
      const time = parseTime(text);
      if (time === undefined)
        throw new UsageError(`${file}:${line}: "${text}" is no time: write seconds or hh:mm:ss.mmm`);
      return time;
    });
    video.instances.push({ start: start!, end: end!, label: fields['label']! });
    videos.set(id, video);
  }
  return [...videos.values()];
}

/** Seconds from `83.5`, `1:23.5` or `00:01:23.500`; undefined when it is none of these. */
export function parseTime(text: string): number | undefined {
  const match = /^(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)$/.exec(text);
  if (!match) return undefined;
  const [, hours = '0', minutes, rest] = match;
  const seconds = Number(rest);
  if (minutes === undefined) return seconds;
  return seconds < 60 ? Number(hours) * 3600 + Number(minutes) * 60 + seconds : undefined;
}
