import type { Detection } from './types.js';

/** A video and the detections found in it. */
export interface DetectedVideo {
  id: string;
  /** Path of the video file. */
  file: string;
  /** Second at which it ends. */
  duration: number;
  /** What people should know of the file before they trust the detections: damage, odd times. */
  warnings: string[];
  detections: Detection[];
}

/** A video that could not be read, and the reason. */
export interface Failure {
  id: string;
  reason: string;
}
