import type { DetectedVideo } from '../../evaluation/detected-video.js';
import { csvField } from '../exports/exported-video.js';

/**
 * All detections of a video as a CSV table (RFC 4180), with times in seconds. It is meant for spreadsheets, which
 * would compute an id or a label that begins like a formula: such a one gets an apostrophe in front, as people write it
 * there.
 */
export function detectionsCsv({ id, detections }: DetectedVideo): string {
  const rows = detections.map(({ label, score, segment: [start, end] }) =>
    [csvField(id), start.toFixed(3), end.toFixed(3), csvField(label), score.toPrecision(6)].join(),
  );
  return ['video,start,end,label,score', ...rows].map((row) => `${row}\r\n`).join('');
}
