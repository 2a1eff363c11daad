import type { Random } from '../../engine/random.js';

/** A stretch of video as it is seen at another rate. */
export interface Resampled {
  /** Frames at that rate. */
  frames: number;
  /** Which of its own frames one of these is: the nearest in time. */
  own: (frame: number) => number;
}

/** A stretch of `frames` frames, `fps` of them a second, as if it had `rate` a second (`data.fps`); null or absent: as it is. */
export function resampled({ frames, fps }: { frames: number; fps: number }, rate: number | null = null): Resampled {
  if (rate === null) return { frames, own: (frame) => frame };
  return {
    frames: Math.max(1, Math.round((frames * rate) / fps)),
    own: (frame) => clamp(Math.round((frame * fps) / rate), 0, frames - 1),
  };
}

/** Snippets of a video where the head sees windows: one every so many frames, at the rate at which it is seen. */
export function snippetsEvery(every: number, video: { frames: number; fps: number }, rate: number | null): number {
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
  /** Frames of the video from one taken to the next. */
  stride: number;
}

/**
 * The snippet grid (LoFi §3: a snippet is a window of consecutive frames, subsampled): the video is cut into L equal bins and a window of
 * `perSnippet * stride` frames is centred in each; of every `stride` frames the middle one is taken. Windows are moved inside the video;
 * where the video is shorter than a window, indices stop at its ends. Integers all the way: no drift in long videos.
 *
 * @returns `[snippets * perSnippet]` frame numbers in `[0, frames)`, not falling within a snippet.
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

/** Which frames a trimmed clip gives to the classifier of stage 1. */
export interface ClipSampling {
  /** Frames of the clip. */
  frames: number;
  /** Frames taken. */
  count: number;
  /** Frames from one taken to the next ('dense' only). */
  stride: number;
  /** 'uniform': one frame in each of `count` equal parts; 'dense': every stride-th of a window, wrapping at the end. */
  mode: 'dense' | 'uniform';
}

/** TSM's sampling (its dataset code; lofi_spec §4.3). Without `random` the centre is taken: evaluation. */
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
