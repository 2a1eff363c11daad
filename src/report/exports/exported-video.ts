import path from 'node:path';
import { UsageError } from '../../system/errors.js';
import type { Clock } from '../../video/clock.js';

/** An action as annotation tools are told of it. `score`: only of one that a model found. */
export interface ExportedAction {
  start: number;
  end: number;
  label: string;
  score?: number;
}

/** A video as annotation tools are told of it, with its actions in order of time. */
export interface ExportedVideo {
  id: string;
  /** Path of its file. */
  file: string;
  subset: string;
  /** Second at which it ends. */
  duration: number;
  /** When its frames are shown; null where that is not known. */
  clock: Clock | null;
  actions: readonly ExportedAction[];
  /** Stretches that nobody has labelled. */
  unlabelled: readonly (readonly [start: number, end: number])[];
}

/** What was written, and a line for each thing that the format could not hold. */
export interface Exported {
  content: string;
  notes: string[];
}

/** The name of a video's file, below the folder of videos. */
export function videoName({ id, file }: Pick<ExportedVideo, 'id' | 'file'>): string {
  const base = path.basename(file.replaceAll('\\', '/')) || id;
  const folder = path.posix.dirname(id);
  return folder === '.' || folder.startsWith('/') ? base : `${folder}/${base}`;
}

/**
 * When the frames of a video are shown.
 *
 * @throws UsageError where that is not known.
 */
export function clockOf({ id, clock }: ExportedVideo, format: string): Clock {
  if (clock && clock.frames > 0 && clock.fps > 0) return clock;
  throw new UsageError(
    `${format} counts frames, and the frame rate of ${JSON.stringify(id)} is not known: ` +
      'give the dataset file that has it with --dataset',
  );
}

/** Whole milliseconds of an action's start and end; it lasts at least one. */
export function milliseconds({ start, end }: { start: number; end: number }): [start: number, end: number] {
  const from = Math.round(start * 1000);
  return [from, Math.max(from + 1, Math.round(end * 1000))];
}

/** A label in one line. */
export function lineLabel(label: string): string {
  return label.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/**
 * Divides actions such that those of one lane do not overlap, with as few lanes as can be, for formats in which those
 * of one name must not.
 */
export function inLanes(actions: readonly ExportedAction[]): ExportedAction[][] {
  const lanes: { until: number; actions: ExportedAction[] }[] = [];
  for (const action of [...actions].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const [start, end] = milliseconds(action);
    let lane = lanes.find(({ until }) => until <= start);
    if (!lane) lanes.push((lane = { until: 0, actions: [] }));
    lane.until = end;
    lane.actions.push(action);
  }
  return lanes.map(({ actions: list }) => list);
}

/** The labels of some videos, sorted. */
export function labelsOfVideos(videos: readonly ExportedVideo[]): string[] {
  return [...new Set(videos.flatMap(({ actions }) => actions.map(({ label }) => lineLabel(label))))].sort();
}

/** A field of a CSV table (RFC 4180). Text that spreadsheets would compute gets an apostrophe in front. */
export function csvField(text: string): string {
  const plain = /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\r\n]|^ | $/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
}
