import { UsageError } from '../system/errors.js';
import { readText } from '../system/files.js';
import type { Annotation, Detection, GroundTruth, Predictions, Segment, VideoTruth } from './types.js';

type Json = Record<string, unknown>;

/**
 * Reads an ActivityNet ground-truth file (or our dataset file, which is one).
 *
 * @throws UsageError naming the file and the place in it that is wrong.
 */
export function readGroundTruth(file: string): GroundTruth {
  const database = objectAt(readJsonWithNaN(file, 'ground truth'), 'database', file);
  const videos: [string, VideoTruth][] = Object.entries(database).map(([id, value]) => {
    const where = `${file}: database.${id}`;
    if (!isObject(value)) throw new UsageError(`${where} must be an object`);
    if (typeof value.subset !== 'string') throw new UsageError(`${where}.subset must be text`);
    const annotations = value.annotations ?? [];
    if (!Array.isArray(annotations)) throw new UsageError(`${where}.annotations must be a list`);
    return [
      id,
      {
        subset: value.subset,
        ...(typeof value.duration === 'number' ? { duration: value.duration } : {}),
        annotations: annotations.map((a: unknown, i): Annotation => {
          const at = `${where}.annotations[${i}]`;
          if (!isObject(a)) throw new UsageError(`${at} must be an object`);
          return { segment: segmentOf(a, at), label: labelOf(a, at) };
        }),
      },
    ];
  });
  return { database: Object.fromEntries(videos) };
}

/**
 * Reads an ActivityNet prediction file. A score of `null` or `NaN` is kept as NaN; a missing label becomes '' with `labels: false`.
 *
 * @throws UsageError naming the file and the place in it that is wrong.
 */
export function readPredictions(file: string, options: { labels: boolean } = { labels: true }): Predictions {
  const results = objectAt(readJsonWithNaN(file, 'predictions'), 'results', file);
  const videos: [string, Detection[]][] = Object.entries(results).map(([id, list]) => {
    const where = `${file}: results.${id}`;
    if (!Array.isArray(list)) throw new UsageError(`${where} must be a list of {segment, score, label}`);
    return [
      id,
      list.map((d: unknown, i): Detection => {
        const at = `${where}[${i}]`;
        if (!isObject(d)) throw new UsageError(`${at} must be an object {segment, score, label}`);
        const label = d.label === undefined && !options.labels ? '' : labelOf(d, at);
        return { segment: segmentOf(d, at), score: numberOf(d.score, `${at}.score`), label };
      }),
    ];
  });
  return { results: Object.fromEntries(videos) };
}

function segmentOf(holder: Json, at: string): Segment {
  const segment = holder.segment;
  if (!Array.isArray(segment) || segment.length !== 2) {
    throw new UsageError(`${at}.segment must be two numbers: start and end in seconds`);
  }
  return [numberOf(segment[0], `${at}.segment[0]`), numberOf(segment[1], `${at}.segment[1]`)];
}

function labelOf(holder: Json, at: string): string {
  if (typeof holder.label !== 'string') throw new UsageError(`${at}.label must be text`);
  return holder.label;
}

function numberOf(value: unknown, at: string): number {
  if (value === null) return Number.NaN;
  if (typeof value !== 'number') throw new UsageError(`${at} must be a number`);
  return value;
}

function objectAt(document: unknown, key: string, file: string): Json {
  const value = isObject(document) ? document[key] : undefined;
  if (!isObject(value)) throw new UsageError(`${file}: must be a JSON object with an object "${key}" of videos by id`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Python writes NaN and Infinity as bare words, which JSON does not know: read them as null and ±1e999. */
function readJsonWithNaN(file: string, what: string): unknown {
  const text = readText(file, what);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const repaired = text.replace(/"(?:[^"\\]|\\.)*"|\bNaN\b|\bInfinity\b/g, (token) =>
      token === 'NaN' ? 'null' : token === 'Infinity' ? '1e999' : token,
    );
    try {
      return JSON.parse(repaired) as unknown;
    } catch (error) {
      throw new UsageError(
        `${what} is not JSON: ${file}${lineOf(error as Error, repaired)}: ${(error as Error).message.replace(/\s+/g, ' ')}`,
      );
    }
  }
}

/** `:LINE` of a JSON.parse error, where the engine tells the position. */
function lineOf(error: Error, text: string): string {
  const position = /position (\d+)/.exec(error.message)?.[1];
  return position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`;
}
