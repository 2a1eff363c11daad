import type { Detection } from './types.js';

/** A video and the detections found in it. */
export interface DetectedVideo {
  id: string;
  /** Path of the video file. */
  file: string;
  /** Second at which it ends. */
  duration: number;
  /** When its frames are shown, for formats that count frames; absent: not known. */
  clock?: {
    frames: number;
    fps: number;
    duration: number;
    start?: number;
    times?: readonly (readonly [frame: number, seconds: number])[];
  };
  /** What people should know of the file before they trust the detections: damage, odd times. */
  warnings: string[];
  detections: Detection[];
}

/** A video that could not be read, and the reason. */
export interface Failure {
  id: string;
  reason: string;
}
