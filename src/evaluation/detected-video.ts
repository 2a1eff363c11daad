import type { Detection } from './types.js';

/** A video and the detections found in it. */
export interface DetectedVideo {
  id: string;
  /** Path of the video file. */
  file: string;
  /** Seconds. */
  duration: number;
  detections: Detection[];
}

/** A video that could not be read, and the reason. */
export interface Failure {
  id: string;
  reason: string;
}
