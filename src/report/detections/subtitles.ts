import type { Cue } from './cues.js';

/** SubRip. It has no escapes, so an arrow in a label, which would look like a line of times, becomes another arrow. */
export function srt(cues: readonly Cue[]): string {
  return cues.map((cue, i) => `${i + 1}\n${times(cue, ',')}\n${text(cue).replace(/-->/g, '→')}\n`).join('\n');
}

/** WebVTT. */
export function vtt(cues: readonly Cue[]): string {
  const escaped = (cue: Cue) => text(cue).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `WEBVTT\n${cues.map((cue) => `\n${times(cue, '.')}\n${escaped(cue)}\n`).join('')}`;
}

/** Labels come from users' files: one line, and something on it. */
function text({ label, score }: Cue): string {
  return `${label.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()} (${score.toFixed(2)})`;
}

function times({ start, end }: Cue, point: string): string {
  const from = Math.round(start * 1000);
  // A cue that ends where it begins is none.
  return `${clock(from, point)} --> ${clock(Math.max(from + 1, Math.round(end * 1000)), point)}`;
}

/** `hh:mm:ss`, a point and milliseconds. */
function clock(milliseconds: number, point: string): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = String(milliseconds % 1000).padStart(3, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${point}${fraction}`;
}
