import type { Video } from '../../data/dataset.js';
import { oddities } from '../../data/oddities.js';
import type { DetectedVideo } from '../../evaluation/detected-video.js';
import type { Detection } from '../../evaluation/types.js';
import { printable } from '../../system/printable.js';
import { say } from '../../system/say.js';

/** A video with its detections. Oddities of its file are said on stderr, and stand in the results. */
export function detectedVideo(video: Video, detections: Detection[]): DetectedVideo {
  const { id, path: file, duration } = video;
  const warnings = oddities(video).map(({ text }) => printable(text, 300));
  for (const warning of warnings) say(`warning: ${printable(id)}: ${warning}`);
  return { id, file, duration, clock: video, warnings, detections };
}
