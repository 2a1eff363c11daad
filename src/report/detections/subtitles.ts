import type { Cue } from './cues.js';

/** A cue whose label people gave has no score. */
type ScoredOrNot = Omit<Cue, 'score'> & { score?: number };

/**
 * SubRip subtitles. The format has no escapes, so an arrow in a label, which would look like
 * a line of times, is replaced.
 */
export function srt(cues: readonly ScoredOrNot[]): string {
  return cues.map((cue, i) => `${i + 1}\n${times(cue, ',')}\n${text(cue).replace(/-->/g, '→')}\n`).join('\n');
}

/** WebVTT subtitles. */
export function vtt(cues: readonly ScoredOrNot[]): string {
  const escaped = (cue: ScoredOrNot) => text(cue).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `WEBVTT\n${cues.map((cue) => `\n${times(cue, '.')}\n${escaped(cue)}\n`).join('')}`;
}

/** The text of a cue, in one line that is not empty. Labels come from users' files. */
function text({ label, score }: ScoredOrNot): string {
  const line = label.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  // A label that ends like a score gets one, lest its end be taken for it.
  const shown = score ?? (/\((?:0\.\d+|1\.0+)\)$/.test(line) ? 1 : undefined);
  return shown === undefined ? line : `${line} (${shown.toFixed(2)})`;
}

function times({ start, end }: ScoredOrNot, point: string): string {
  const from = Math.round(start * 1000);
  // A cue must end after it begins.
  return `${clock(from, point)} --> ${clock(Math.max(from + 1, Math.round(end * 1000)), point)}`;
}

/** A time as `hh:mm:ss`, a point and milliseconds. */
function clock(milliseconds: number, point: string): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = String(milliseconds % 1000).padStart(3, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${point}${fraction}`;
}
