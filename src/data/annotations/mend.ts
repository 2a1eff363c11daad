import type { Instance } from '../dataset.js';
import type { Warning } from './annotations.js';

/**
 * Corrects instances and says so in warnings: drops those without length, those outside the video and repeated ones,
 * and clips those that reach beyond its ends.
 *
 * @param duration - The second at which the video ends; 0 where it is unknown, and then nothing counts as beyond it.
 * @param begin - The second at which its picture begins.
 */
export function mendInstances(
  instances: readonly Instance[],
  duration: number,
  begin = 0,
): { instances: Instance[]; warnings: Warning[] } {
  const warnings: Warning[] = [];
  const limit = duration > 0 ? duration : Infinity;
  const seen = new Set<string>();
  const mended = instances.flatMap(({ start, end, label }) => {
    const clipped = { start: Math.max(begin, start), end: Math.min(end, limit), label };
    const warn = (kind: string, text: string) => {
      warnings.push({ kind, text: `${JSON.stringify(label)} [${round(start)}, ${round(end)}] s ${text}` });
    };
    const key = JSON.stringify(clipped);
    const unknown = (end === -1 && (start === -1 || start >= 0)) || (start === -1 && end > 0);
    if (unknown) warn('instances of unknown times', 'dropped: -1 is no time: write when it starts and ends');
    else if (end === start)
      warn('instances without length', 'dropped: it ends when it starts: write an end after its start');
    else if (end < start) warn('instances without length', 'dropped: its end is not after its start');
    else if (clipped.end <= clipped.start) warn('instances outside their video', 'dropped: it lies outside the video');
    else if (seen.has(key)) warn('repeated instances', 'dropped: it repeats another instance');
    else {
      seen.add(key);
      // Annotations are rounded, so a few hundredths of a second are not worth a warning.
      if (end - clipped.end > 0.05 || clipped.start - start > 0.05) {
        const shown = begin > 0 ? `picture, ${seconds(begin)} to ${seconds(duration)}` : seconds(duration);
        warn('clipped instances', `clipped to the video's ${shown}`);
      }
      return [clipped];
    }
    return [];
  });
  return { instances: mended, warnings };
}

/** `12.345 s`. */
export function seconds(value: number): string {
  return `${round(value)} s`;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
