import { WorkError } from '../system/errors.js';
import { inputFile, runFfmpeg } from './process.js';

/** Width and height in pixels, as shown (after rotation). */
export interface Size {
  width: number;
  height: number;
}

/** What a video file really holds, found by decoding it. */
export interface VideoInfo extends Size {
  /** Seconds from the first frame's start to the last frame's end. */
  duration: number;
  /** Mean frames a second. */
  fps: number;
  /** Number of frames that can be decoded. */
  frames: number;
}

/** Fine enough that a frame of any usual rate (12, 25, 30, 24000/1001, 60000/1001, …) is a whole number of ticks. */
const timeBase = '1/1440000';

/**
 * Decodes a whole video and counts: containers lie about frames and duration.
 * @throws WorkError naming the file when it is missing, broken, or has no video stream.
 */
export async function probe(file: string): Promise<VideoInfo> {
  const table = new FrameTable();
  // wrapped_avframe hands frames on without copying pixels; framecrc prints a line for each: time, length, and the size once.
  const end = await runFfmpeg(
    // prettier-ignore
    [
      '-i', inputFile(file), '-map', '0:V:0', '-fps_mode', 'passthrough', '-enc_time_base', timeBase,
      '-c:v', 'wrapped_avframe', '-f', 'framecrc', 'pipe:1',
    ],
    (chunk) => {
      table.add(chunk.toString('latin1'));
    },
  );
  if (!end.ok) {
    const reason = end.reason.includes('matches no streams') ? 'it has no video stream' : end.reason || 'ffmpeg failed';
    throw new WorkError(`not a readable video: ${file}: ${reason}`);
  }
  const info = table.info();
  if (!info) throw new WorkError(`not a readable video: ${file}: ${end.reason || 'no frame can be decoded'}`);
  return info;
}

/** Reads framecrc's text as it comes: `#tb 0: 1/25`, `#dimensions 0: 320x240`, then `stream, dts, pts, duration, size, hash`. */
class FrameTable {
  private rest = '';
  /** The unit of the times is ticks / perSecond. */
  private ticks = NaN;
  private perSecond = NaN;
  private width = 0;
  private height = 0;
  private frames = 0;
  private first = Infinity;
  private last = -Infinity;

  add(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    const [key, value] = line.split(':', 2);
    if (key === '#tb 0') {
      [this.ticks, this.perSecond] = value!.split('/').map(Number) as [number, number];
    } else if (key === '#dimensions 0') {
      [this.width, this.height] = value!.split('x').map(Number) as [number, number];
    } else if (!line.startsWith('#')) {
      const [, , pts, duration] = line.split(',').map(Number);
      this.frames++;
      this.first = Math.min(this.first, pts!);
      this.last = Math.max(this.last, pts! + duration!);
    }
  }

  info(): VideoInfo | undefined {
    if (this.frames === 0) return undefined;
    const ticks = (this.last - this.first) * this.ticks;
    if (!(ticks > 0)) return undefined;
    const [duration, fps] = [ticks / this.perSecond, (this.frames * this.perSecond) / ticks];
    return { duration, fps, frames: this.frames, width: this.width, height: this.height };
  }
}
