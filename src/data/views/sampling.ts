import type { Random } from '../../engine/random.js';
import { frameAt, secondsAt, type Clock, type FrameRate } from '../../video/clock.js';

/** A stretch of video at another frame rate. */
export interface Resampled {
  /** Number of frames at that rate. */
  frames: number;
  /** Maps a frame number at that rate, from 0, to the frame of the video that is nearest in time. */
  own: (frame: number) => number;
}

/** A video as far as sampling needs it. */
export type Sampled = FrameRate & Pick<Clock, 'frames'>;

/**
 * Resamples a stretch of a video of `count` frames to `rate` frames per second (`data.fps`). With `rate` null or absent
 * it stays as it is. At a variable frame rate the frames' own times decide.
 */
export function resampled(
  video: Sampled,
  rate: number | null = null,
  { from, count }: { from: number; count: number } = { from: 0, count: video.frames },
): Resampled {
  if (rate === null) return { frames: count, own: (frame) => from + frame };
  const { fps, times } = video;
  const own = (place: number) => from + clamp(Math.round(place), 0, count - 1);
  if (!times)
    return {
      frames: Math.max(1, Math.round((count * rate) / fps)),
      own: (frame) => own((frame * fps) / rate),
    };
  const [begin, end] = [secondsAt(video, from), secondsAt(video, from + count)];
  return {
    frames: Math.max(1, Math.round((end - begin) * rate)),
    own: (frame) => own(frameAt(video, begin + frame / rate) - from),
  };
}

/** Snippets of a video where the head sees windows: one every so many frames, at the rate at which it is seen. */
export function snippetsEvery(every: number, video: Sampled, rate: number | null): number {
  return Math.max(1, Math.ceil(resampled(video, rate).frames / every));
}

/** Which frames the snippets of a video take. */
export interface SnippetGrid {
  /** Frames of the video. */
  frames: number;
  /** Snippets over the whole video (L). */
  snippets: number;
  /** Frames taken for each snippet (F). */
  perSnippet: number;
  /** Distance between the frames taken for a snippet, in frames of the video. */
  stride: number;
}

/**
 * The snippet grid (docs/method.md §1.2: a snippet is a window of consecutive frames, subsampled). The video is divided
 * into L equal bins with a window of `perSnippet * stride` frames centred in each, and of every `stride` frames the
 * middle one is taken. Windows are moved inside the video; where the video is shorter than a window, frame numbers are
 * clamped to its ends. The arithmetic is in integers, so long videos do not drift.
 *
 * @returns `[snippets * perSnippet]` frame numbers in `[0, frames)`, which never decrease within a snippet.
 */
export function snippetFrames({ frames, snippets, perSnippet, stride }: SnippetGrid): Int32Array {
  positive({ frames, snippets, perSnippet, stride });
  const window = perSnippet * stride;
  const taken = new Int32Array(snippets * perSnippet);
  for (let i = 0; i < snippets; i++) {
    const centred = Math.floor(((2 * i + 1) * frames - window * snippets) / (2 * snippets));
    const start = window <= frames ? clamp(centred, 0, frames - window) : centred;
    for (let j = 0; j < perSnippet; j++) {
      taken[i * perSnippet + j] = clamp(start + j * stride + (stride >> 1), 0, frames - 1);
    }
  }
  return taken;
}

/** Describes which frames of a trimmed clip the classifier of stage 1 sees. */
export interface ClipSampling {
  /** Frames of the clip. */
  frames: number;
  /** Number of frames taken. */
  count: number;
  /** Distance between frames taken, in frames of the clip ('dense' only). */
  stride: number;
  /**
   * 'uniform': one frame in each of `count` equal parts; 'dense': every `stride`-th frame of a
   * window, wrapping at the end.
   */
  mode: 'dense' | 'uniform';
}

/**
 * TSM's sampling of frames (its dataset code; docs/method.md §4.1). Without `random`, for
 * evaluation, the centre is taken.
 *
 * @returns `[count]` frame numbers in `[0, frames)`.
 */
export function clipFrames({ frames, count, stride, mode }: ClipSampling, random?: Random): Int32Array {
  positive({ frames, count, stride });
  return mode === 'uniform' ? uniformFrames(frames, count, random) : denseFrames(frames, count, stride, random);
}

function uniformFrames(frames: number, count: number, random?: Random): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    if (!random) return Math.floor(((2 * i + 1) * frames) / (2 * count));
    const from = Math.floor((i * frames) / count);
    const to = Math.floor(((i + 1) * frames) / count);
    return from + random.below(Math.max(1, to - from));
  });
}

function denseFrames(frames: number, count: number, stride: number, random?: Random): Int32Array {
  const free = Math.max(0, frames - count * stride);
  const start = random ? random.below(Math.max(1, free)) : free >> 1;
  return Int32Array.from({ length: count }, (_, i) => (start + i * stride) % frames);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function positive(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer, not ${value}`);
  }
}
