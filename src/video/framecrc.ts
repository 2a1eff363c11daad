import type { Receiver } from './process.js';

/** A frame or packet as ffmpeg's framecrc format lists it. */
export interface FrameRow {
  /** Time of presentation in units of {@link Header.timeBase}; like the duration it is NaN where there is none. */
  pts: number;
  duration: number;
  keyframe: boolean;
  /** Checksum of its bytes. */
  hash: string;
}

/** The header before the rows. */
export interface Header {
  /** Length of a tick in seconds, as a fraction. */
  timeBase: readonly [ticks: number, perSecond: number];
  width: number;
  height: number;
}

/**
 * ffmpeg's options for listing rows on a pipe, each as soon as it is known, because silence
 * would mean that ffmpeg is stuck.
 */
export function framecrc(pipe: number): string[] {
  return ['-flush_packets', '1', '-f', 'framecrc', `pipe:${pipe}`];
}

/**
 * Parses framecrc's text as it arrives: `#tb 0: 1/25`, `#dimensions 0: 320x240`, then
 * `stream, dts, pts, duration, size, hash` with flags where they differ from those of a keyframe (`F=0x0`).
 */
export function readFramecrc(onRow: (row: FrameRow, header: Header) => void): Receiver {
  let rest = '';
  const header: Header = { timeBase: [NaN, NaN], width: 0, height: 0 };
  const line = (text: string) => {
    const [key, value] = text.split(':', 2);
    if (key === '#tb 0') {
      header.timeBase = value!.split('/').map(Number) as [number, number];
    } else if (key === '#dimensions 0') {
      [header.width, header.height] = value!.split('x').map(Number) as [number, number];
    } else if (!text.startsWith('#')) {
      const [, , pts, duration, , hash, ...others] = text.split(/, */);
      const flags = others.find((field) => field.startsWith('F='))?.slice(2);
      const keyframe = flags === undefined || (Number(flags) & 1) === 1;
      onRow({ pts: Number(pts), duration: Number(duration), keyframe, hash: hash! }, header);
    }
  };
  return (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop()!;
    lines.forEach(line);
  };
}
