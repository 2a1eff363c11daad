import type { DetectedVideo } from '../../evaluation/detected-video.js';

/** All detections of a video as a CSV table (RFC 4180), with times in seconds. */
export function detectionsCsv({ id, detections }: DetectedVideo): string {
  const rows = detections.map(({ label, score, segment: [start, end] }) =>
    [field(id), start.toFixed(3), end.toFixed(3), field(label), score.toPrecision(6)].join(),
  );
  return ['video,start,end,label,score', ...rows].map((row) => `${row}\r\n`).join('');
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
