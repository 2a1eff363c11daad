import { closeSync, openSync, readSync } from 'node:fs';

/** The facts about a video that exact seeks need. */
export interface Seek {
  /** Time of the first frame in seconds on the container's clock, as `-ss` counts. */
  start: number;
  /** Greatest number of frames from one keyframe to the next. */
  gap: number;
}

/**
 * A video whose frame i is shown at `seek.start + i / fps`. Without `seek` nothing is known
 * about the times of its frames.
 */
export interface Timing {
  /** Frames per second. */
  fps: number;
  seek?: Seek | undefined;
}

/** Frames (sorted, distinct) that one run of ffmpeg reads. */
export interface Read {
  wanted: number[];
  /** Where the run begins, in seconds on the container's clock; undefined: at the start of the file. */
  at?: number;
}

/** The cost of starting a run and opening the file, in decoded frames. */
const startUp = 200;

/** Number of frames by which a seek goes back further than necessary, more than any reordering of frames can span. */
function margin(fps: number): number {
  return Math.max(20, fps);
}

/**
 * The cheapest way to read frames (sorted, distinct), measured by the number of decoded frames: one pass up to the
 * last, or a seek for each group of frames that are far from the others.
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

/**
 * ffmpeg's options, before the input, for a read that begins at a moment in seconds. It outputs the frames from the
 * keyframe before that moment on, with times relative to the moment.
 */
export function seekOptions(at: number): string[] {
  return ['-noaccurate_seek', '-ss', at.toFixed(6)];
}

/** The number of a frame after a seek, as an expression of ffmpeg's filters: the nearest to its time on the grid. */
export function shownNumber({ fps, seek }: Timing, at: number): string {
  return `round((t+${(Number(at.toFixed(6)) - seek!.start).toFixed(9)})*${fps})`;
}

/** Whether the file format has an index of keyframes: mp4 and mov, Matroska and WebM. */
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
