import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { testVideo } from './videos.js';

/** A video as YouTube hands it out, and what an annotation says of it. */
export interface Download {
  id: string;
  /** In seconds, as annotated; the file may be a frame longer. */
  duration: number;
  segment: [number, number];
  label: string;
  fps: number;
  frames: number;
}

/** What {@link makeDownloads} makes, and what it is annotated with. */
export const downloads: readonly [Download, Download] = [
  { id: 'v_x1Y2z3A4b5C', duration: 7, segment: [2.24, 6.199], label: 'Folding paper', fps: 19.62, frames: 138 },
  { id: 'v_-_q9W8e7R6t', duration: 5, segment: [0.329, 5.08], label: 'Making tea', fps: 30, frames: 150 },
];

/** Makes {@link downloads} in a new folder: MP4 with sound, H.264 of the Baseline profile, one of an odd frame rate. */
export function makeDownloads(folder: string): string {
  mkdirSync(folder);
  for (const { id, duration, fps } of downloads) {
    const codec = ['libx264', '-profile:v', 'baseline', '-brand', 'mp42', '-c:a', 'aac', '-ac', '1'];
    const options = { size: '160x120', rate: String(fps), seconds: duration, sound: 0.02 };
    testVideo(path.join(folder, `${id}.mp4`), { ...options, codec });
  }
  return folder;
}
