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
  /** Width of a pixel relative to its height. */
  pixelAspect: number;
}

/** A pixel is at most so many times as wide as high, or as high as wide. A claim of more counts as square. */
const mostStretched = 10;

/**
 * ffmpeg's options for listing rows on a pipe, each as soon as it is known, because silence
 * would mean that ffmpeg is stuck.
 */
export function framecrc(pipe: number): string[] {
  return ['-flush_packets', '1', '-f', 'framecrc', `pipe:${pipe}`];
}

/**
 * Parses framecrc's text as it arrives: `#tb 0: 1/25`, `#dimensions 0: 320x240`,
 * `#sar 0: 16/11`, then
 * `stream, dts, pts, duration, size, hash` with flags where they differ from those of a keyframe (`F=0x0`).
 */
export function readFramecrc(onRow: (row: FrameRow, header: Header) => void): Receiver {
  const header: Header = { timeBase: [NaN, NaN], width: 0, height: 0, pixelAspect: 1 };
  const line = (text: string) => {
    const [key, value] = text.split(':', 2);
    if (key === '#tb 0') {
      header.timeBase = value!.split('/').map(Number) as [number, number];
    } else if (key === '#dimensions 0') {
      [header.width, header.height] = value!.split('x').map(Number) as [number, number];
    } else if (key === '#sar 0') {
      const [across, down] = value!.split('/').map(Number) as [number, number];
      const aspect = across / down;
      header.pixelAspect = aspect >= 1 / mostStretched && aspect <= mostStretched ? aspect : 1;
    } else if (!text.startsWith('#')) {
      const [, , pts, duration, , hash, ...others] = text.split(/, */);
      const flags = others.find((field) => field.startsWith('F='))?.slice(2);
      const keyframe = flags === undefined || (Number(flags) & 1) === 1;
      onRow({ pts: Number(pts), duration: Number(duration), keyframe, hash: hash! }, header);
    }
  };
  return byLine(line);
}

/** Parses framecrc's text of several streams and gives the second at which each packet ends. */
export function readPackets(onEnd: (seconds: number) => void): Receiver {
  const timeBases = new Map<number, number>();
  const line = (text: string) => {
    const [, stream, ticks, perSecond] = /^#tb (\d+): (\d+)\/(\d+)$/.exec(text) ?? [];
    if (stream !== undefined) timeBases.set(Number(stream), Number(ticks) / Number(perSecond));
    if (text.startsWith('#')) return;
    const [packetOf, , pts, duration] = text.split(/, */, 4).map(Number) as [number, number, number, number];
    const end = (pts + (duration || 0)) * (timeBases.get(packetOf) ?? NaN);
    if (Number.isFinite(end)) onEnd(end);
  };
  return byLine(line);
}

/** A receiver that passes text on line by line. */
function byLine(onLine: (line: string) => void): Receiver {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop()!;
    lines.forEach(onLine);
  };
}
