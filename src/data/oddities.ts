import type { VideoInfo } from '../video/probe.js';
import { shorten, type Warning } from './annotations/annotations.js';
import { seconds } from './annotations/mend.js';

/** What people should know of a video before they trust what is found in it: damage, and a variable frame rate. */
export function oddities({ damage, drift }: Pick<VideoInfo, 'damage' | 'drift'>): Warning[] {
  const warnings: Warning[] = [];
  if (damage !== undefined) warnings.push({ kind: 'damaged videos', text: `damaged: ${damage}` });
  if (drift !== undefined) {
    const text =
      `variable frame rate: frames are shown up to ${seconds(drift)} away from frame number / fps; ` +
      'times are those at which the frames are shown';
    warnings.push({ kind: 'videos of variable frame rate', text });
  }
  return warnings;
}

/** Lines about what is odd of files, of many only some. */
export function oddLines(files: readonly (Pick<VideoInfo, 'damage' | 'drift'> & { name: string })[]): string[] {
  return shorten(
    files.flatMap((file) => oddities(file).map(({ kind, text }) => ({ kind, text: `${file.name}: ${text}` }))),
  );
}
