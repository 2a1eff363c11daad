import { statSync } from 'node:fs';
import { WorkError } from '../system/errors.js';
import { framecrc, readFramecrc, type Header, type FrameRow } from './framecrc.js';
import { inputFile, runFfmpeg, type FfmpegEnd } from './process.js';
import { hasIndex, planReads, seekOptions, shownNumber, type Seek, type Timing } from './seek.js';

/** Width and height in pixels, as shown (after rotation). */
export interface Size {
  width: number;
  height: number;
}

/** The properties of a video file, found by decoding it. */
export interface VideoInfo extends Size {
  /** Seconds from the first frame's start to the last frame's end. */
  duration: number;
  /** Mean number of frames per second. */
  fps: number;
  /** Number of frames that can be decoded. */
  frames: number;
  /** Present only where seeking saves time and gives the same frames as one pass. */
  seek?: Seek;
  /**
   * Greatest difference in seconds between the time of a frame i and i / fps, if it is more than half a
   * frame: a variable frame rate.
   */
  drift?: number;
  /** The errors that ffmpeg reported, in one line. Frames that it repaired count as decoded. */
  damage?: string;
}

/**
 * Ticks per second such that a frame at any usual rate (12, 25, 30, 24000/1001, 60000/1001,
 * …) is a whole number of ticks.
 */
const timeBase = '1/1440000';
/** Videos with fewer frames are always read in one pass. */
const leastFrames = 1000;
/**
 * The last of every this many frames is hashed, to be compared with what a seek gives. It is prime, so that these
 * frames lie anywhere between keyframes.
 */
const sampled = 97;
/** Number of frames that are compared. */
const compared = 3;

/**
 * Decodes a whole video and counts its frames, because containers may be wrong about frames and duration.
 *
 * @throws WorkError naming the file when it is missing, broken, or has no video stream.
 */
export async function probe(file: string): Promise<VideoInfo> {
  // Opening a named pipe would wait for its writer, possibly for ever.
  if (isPipe(file)) throw new WorkError(`not a readable video: ${file}: it is not a regular file`);
  let seen = await decodeAll(file, hasIndex(file));
  // Errors may come from packets that are only listed for seeking. They must not count against the frames.
  if (seen.listed && (!seen.end.ok || seen.end.errors > 0)) seen = await decodeAll(file, false);

  const { end, frames, listed } = seen;
  if (!end.ok) {
    const reason = end.reason.includes('matches no streams') ? 'it has no video stream' : end.reason || 'ffmpeg failed';
    throw new WorkError(`not a readable video: ${file}: ${reason}`);
  }
  const info = frames.info();
  if (!info) throw new WorkError(`not a readable video: ${file}: ${end.reason || 'no frame can be decoded'}`);

  const { fps } = info;
  const drift = frames.drift(fps);
  if (drift > 0.5 / fps) info.drift = drift;
  if (end.errors > 0) {
    info.damage = `${end.errors} ${end.errors === 1 ? 'error' : 'errors'} while decoding: ${end.reason}`;
  } else if (listed && info.frames >= leastFrames && drift < 0.25 / fps) {
    const seek = { start: frames.start, gap: listed.keyframes.gap() };
    if (await seeksAreExact(file, { fps, seek }, listed)) info.seek = seek;
  }
  return info;
}

/** The lists that are made besides the frames, for a video in which seeking may work. */
interface Listed {
  keyframes: Keyframes;
  /** Hashes of the pixels of every {@link sampled}th frame. */
  hashes: string[];
}

/** Decodes the whole video in one pass. */
async function decodeAll(
  file: string,
  indexed: boolean,
): Promise<{ end: FfmpegEnd; frames: FrameTimes; listed: Listed | undefined }> {
  const frames = new FrameTimes();
  const listed = indexed ? { keyframes: new Keyframes(), hashes: [] as string[] } : undefined;
  const outputs = [...video, '-enc_time_base', timeBase, '-c:v', 'wrapped_avframe', ...framecrc(1)];
  const receivers = [
    readFramecrc((row, header) => {
      frames.add(row, header);
    }),
  ];
  if (listed) {
    outputs.push('-map', '0:V:0', '-c:v', 'copy', ...framecrc(3));
    outputs.push(...video, ...hashed(`eq(mod(n,${sampled}),${sampled - 1})`), ...framecrc(4));
    receivers.push(
      readFramecrc(({ keyframe }) => {
        listed.keyframes.add(keyframe);
      }),
      readFramecrc(({ hash }) => listed.hashes.push(hash)),
    );
  }
  const end = await runFfmpeg([...inputFile(file), ...outputs], receivers);
  return { end, frames, listed };
}

function isPipe(file: string): boolean {
  try {
    return statSync(file).isFIFO();
  } catch {
    // ffmpeg's message says best why a file cannot be read.
    return false;
  }
}

/** Outputs every decoded frame; none is repeated or dropped for the sake of a constant rate. */
const video = ['-map', '0:V:0', '-fps_mode', 'passthrough'];

/** Outputs the pixels of some frames. Elsewhere wrapped_avframe passes frames on without copying their pixels. */
function hashed(select: string): string[] {
  return ['-vf', `select='${select}'`, '-c:v', 'rawvideo'];
}

/**
 * Whether seeking saves time and gives the same frames as the one pass, without errors, since indices and marks
 * of keyframes may be wrong. The frames compared are those that come soonest after the keyframe that the seek
 * finds, where an error shows first.
 */
async function seeksAreExact(file: string, timing: Timing, { keyframes, hashes }: Listed): Promise<boolean> {
  const samples = hashes
    .map((hash, place) => ({ hash, frame: (place + 1) * sampled - 1 }))
    .map((sample) => ({ ...sample, at: planReads([sample.frame], timing)[0]!.at }))
    .filter((sample): sample is typeof sample & { at: number } => sample.at !== undefined)
    .map((sample) => ({ ...sample, run: keyframes.runTo((sample.at - timing.seek!.start) * timing.fps) }))
    .sort((a, b) => a.run - b.run)
    .slice(0, compared);
  for (const { hash, frame, at } of samples) {
    const found: string[] = [];
    const { ok, errors } = await runFfmpeg(
      // prettier-ignore
      [
        '-threads', '1', ...seekOptions(at), ...inputFile(file), ...video,
        ...hashed(`eq(${shownNumber(timing, at)},${frame})`), '-frames:v', '1', ...framecrc(1),
      ],
      readFramecrc(({ hash }) => found.push(hash)),
    );
    if (!ok || errors > 0 || found[0] !== hash) return false;
  }
  return samples.length > 0;
}

/** The times of all frames. */
class FrameTimes {
  private times = new Float64Array(1024);
  private frames = 0;
  private header: Header | undefined;
  private first = Infinity;
  private last = -Infinity;

  add({ pts, duration }: FrameRow, header: Header): void {
    if (this.frames === this.times.length) {
      const times = new Float64Array(2 * this.frames);
      times.set(this.times);
      this.times = times;
    }
    this.times[this.frames++] = pts;
    this.header = header;
    this.first = Math.min(this.first, pts);
    this.last = Math.max(this.last, pts + duration);
  }

  info(): VideoInfo | undefined {
    const duration = this.seconds(this.last - this.first);
    if (!this.header || !(duration > 0)) return undefined;
    const { width, height, timeBase: [ticks, perSecond] } = this.header; // prettier-ignore
    const fps = (this.frames * perSecond) / ((this.last - this.first) * ticks);
    return { duration, fps, frames: this.frames, width, height };
  }

  /** Time of the first frame in seconds on the container's clock. */
  get start(): number {
    return this.seconds(this.first);
  }

  /** Greatest difference in seconds between the time of a frame i and i / fps. */
  drift(fps: number): number {
    let most = 0;
    for (let i = 0; i < this.frames; i++) {
      most = Math.max(most, Math.abs(this.seconds(this.times[i]! - this.first) - i / fps));
    }
    return most;
  }

  private seconds(time: number): number {
    const [ticks, perSecond] = this.header?.timeBase ?? [NaN, NaN];
    return (time * ticks) / perSecond;
  }
}

/**
 * Numbers of the keyframes among the packets. Packets come in order of decoding, which is close
 * enough to that of the frames.
 */
class Keyframes {
  private readonly numbers: number[] = [];
  private packets = 0;

  add(keyframe: boolean): void {
    if (keyframe) this.numbers.push(this.packets);
    this.packets++;
  }

  /** Greatest number of packets from one keyframe to the next. */
  gap(): number {
    return [...this.numbers, this.packets].reduce(
      (most, end, i) => Math.max(most, end - (this.numbers[i - 1] ?? 0)),
      0,
    );
  }

  /** Number of frames from the last keyframe before a frame to that frame. */
  runTo(frame: number): number {
    return frame - (this.numbers.findLast((number) => number <= frame) ?? 0);
  }
}
