import { closeSync, openSync, readSync } from 'node:fs';

/** What accurate seeks in a video need to know. */
export interface Seek {
  /** Seconds of the first frame on the container's clock, as `-ss` counts it. */
  start: number;
  /** Largest number of frames from one keyframe to the next. */
  gap: number;
}

/** A video whose frame i is shown at `seek.start + i / fps`; without `seek` nothing is known of its times. */
export interface Timing {
  /** Frames a second. */
  fps: number;
  seek?: Seek | undefined;
}

/** Frames (sorted, distinct) that one run of ffmpeg reads. */
export interface Read {
  wanted: number[];
  /** Where the run begins, seconds on the container's clock; undefined: at the start of the file. */
  at?: number;
}

/** What starting a run and opening the file costs, in decoded frames. */
const startUp = 200;

/** Frames that a seek goes back too far on purpose: no reordering of frames and no seeking by decoding time reaches as far. */
function margin(fps: number): number {
  return Math.max(20, fps);
}

/**
 * The cheapest way to read frames (sorted, distinct), counted in frames to be decoded: one pass up to the last, or a seek
 * for each group of frames that are far from the others.
 */
export function planReads(wanted: readonly number[], { fps, seek }: Timing): Read[] {
  const onePass = [{ wanted: [...wanted] }];
  if (!seek) return onePass;
  const overhead = startUp + margin(fps) + seek.gap;
  const groups: number[][] = [];
  for (const frame of wanted) {
    const group = groups.at(-1);
    if (group && frame - group.at(-1)! <= overhead) group.push(frame);
    else groups.push([frame]);
  }
  let cost = 0;
  const reads = groups.map((group): Read => {
    const [first, last] = [group[0]!, group.at(-1)!];
    const sought = overhead + last - first;
    cost += Math.min(sought, last);
    return sought < last ? { wanted: group, at: seek.start + (first - margin(fps)) / fps } : { wanted: group };
  });
  return cost < wanted.at(-1)! ? reads : onePass;
}

/** ffmpeg's options, before the input, for a read that begins at a moment. Frames from the keyframe before it on come with times relative to it. */
export function seekOptions(at: number): string[] {
  return ['-noaccurate_seek', '-ss', at.toFixed(6)];
}

/** The number of a frame as an expression of ffmpeg's filters, from its time after a seek: the nearest on the grid. */
export function shownNumber({ fps, seek }: Timing, at: number): string {
  return `round((t+${(Number(at.toFixed(6)) - seek!.start).toFixed(9)})*${fps})`;
}

/** Whether a file is of a kind that carries an index of its keyframes: mp4 and mov, Matroska and WebM. */
export function hasIndex(file: string): boolean {
  const head = Buffer.alloc(8);
  try {
    const fd = openSync(file, 'r');
    try {
      readSync(fd, head, 0, 8, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
  return head.toString('latin1', 4, 8) === 'ftyp' || head.readUInt32BE(0) === 0x1a45dfa3;
}
