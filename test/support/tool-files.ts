import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnnotatedVideo } from '../../src/data/annotations/annotations.js';
import { annotationFiles } from '../../src/data/annotations/tools/annotation-files.js';
import { findVideos } from '../../src/data/annotations/tools/find-videos.js';
import { onTheClock } from '../../src/data/annotations/tools/on-the-clock.js';
import { readByContent } from '../../src/data/annotations/tools/read-by-content.js';
import type { ColumnNames } from '../../src/data/annotations/tools/tool-format.js';

/** Writes files, also in subfolders, and returns their paths. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string[] {
  return Object.entries(files).map(([name, content]) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  });
}

/** A video as annotations describe it, with times in seconds. */
export interface ToldVideo {
  id: string;
  subset: string;
  /** [label, start, end], by start and label. */
  instances: [string, number, number][];
  unlabelled: [number, number][];
}

export interface Told {
  videos: ToldVideo[];
  /** The kinds of the warnings, sorted. */
  kinds: string[];
  warnings: string[];
}

/**
 * Reads annotation files or folders as `lofi prepare` does, without measuring videos.
 *
 * @param fps - The frame rate of all videos, for formats that count frames.
 */
export function told(
  places: string | readonly string[],
  { columns = {}, videos = null, fps = 25 }: { columns?: ColumnNames; videos?: string | null; fps?: number } = {},
): Told {
  const list = typeof places === 'string' ? [places] : places;
  const { videos: labelled, warnings } = readByContent(annotationFiles(list), { columns });
  const found = findVideos(labelled, videos);
  const all = [...warnings, ...found.flatMap((video) => video.warnings)];
  return {
    videos: found.map((video) => inSeconds(video, fps)),
    kinds: [...new Set(all.map(({ kind }) => kind))].sort(),
    warnings: all.map(({ text }) => text),
  };
}

function inSeconds(video: AnnotatedVideo, fps: number): ToldVideo {
  const frames = video.inFrames?.rows ?? 1e6;
  const { instances, unlabelled } = onTheClock(video, { fps, frames, duration: frames / fps });
  const rounded = (seconds: number) => Math.round(seconds * 1e6) / 1e6;
  return {
    id: video.id,
    subset: video.subset,
    instances: instances
      .map(({ label, start, end }): [string, number, number] => [label, rounded(start), rounded(end)])
      .sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)),
    unlabelled: unlabelled.map(([start, end]) => [rounded(start), rounded(end)]),
  };
}
