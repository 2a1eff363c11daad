import type { Random } from '../../engine/random.js';
import type { HeadInstance, HeadProposal } from './head.js';

/** What the head sees at once: `snippets` of a video's snippets, from number `start` on. Beyond the video's end there are zeros. */
export interface Window {
  start: number;
  snippets: number;
}

/**
 * Windows over a video of `total` snippets (§3.1, THUMOS14), each beginning in the middle of the one before it, a last one at the video's
 * end. (The authors leave out an end of up to a fifth of a window.) `size` null: one window, the whole video.
 */
export function windowsOver(total: number, size: number | null): Window[] {
  if (size === null) return [{ start: 0, snippets: total }];
  const last = Math.max(0, total - size);
  const stride = Math.ceil(size / 2);
  const starts = Array.from({ length: Math.ceil(last / stride) }, (_, i) => i * stride);
  return [...starts, last].map((start) => ({ start, snippets: size }));
}

/** How many snippets of a window are video. */
export function validSnippets({ start, snippets }: Window, total: number): number {
  return Math.min(snippets, total - start);
}

/**
 * A window at a random place, for training (ActionFormer's truncation): of a longer video one in which at least half of some instance lies, where
 * two hundred draws find one; of one that is no longer than the window nine tenths or more. `size` null: as long as the video.
 *
 * @returns the window, and how many of its snippets are to be seen.
 */
export function randomWindow(
  instances: readonly HeadInstance[],
  total: number,
  size: number | null,
  random: Random,
): { window: Window; valid: number } {
  const snippets = size ?? total;
  const valid = total > snippets ? snippets : total - random.below(total - Math.round(0.9 * total) + 1);
  const draw = () => ({ start: random.below(total - valid + 1), snippets });
  const holds = ({ start }: Window) =>
    windowInstances(instances, { start, snippets: valid }, total).some(
      ({ start, end }) => Math.min(1, end) - Math.max(0, start) >= 0.5 * (end - start),
    );
  let window = draw();
  for (let draws = 1; draws < 200 && !holds(window); draws++) window = draw();
  return { window, valid };
}

/** The windows that are trained on: those that hold more than nine tenths of some instance; `size` null: the whole video, whatever it holds. */
export function trainingWindows(instances: readonly HeadInstance[], total: number, size: number | null): Window[] {
  const windows = windowsOver(total, size);
  if (size === null) return windows;
  return windows.filter((window) =>
    windowInstances(instances, window, total).some(
      ({ start, end }) => Math.min(1, end) - Math.max(0, start) > 0.9 * (end - start),
    ),
  );
}

/**
 * The instances that reach into a window, from fractions of the video to fractions of the window. They are not cut at its ends: what
 * begins before it has no start in it.
 */
export function windowInstances(instances: readonly HeadInstance[], window: Window, total: number): HeadInstance[] {
  const inWindow = (fraction: number) => (fraction - window.start / total) * (total / window.snippets);
  return instances
    .map(({ start, end, label }) => ({ start: inWindow(start), end: inWindow(end), label }))
    .filter(({ start, end }) => start < 1 && end > 0);
}

/** The rows of a window out of a video's features `[total, C]`; zeros behind the first `valid`. */
export function windowFeatures(
  { data, shape: [total, channels] }: { data: Float32Array; shape: readonly [number, number] },
  window: Window,
  valid = validSnippets(window, total),
): Float32Array {
  const { start, snippets } = window;
  const rows = new Float32Array(snippets * channels);
  rows.set(data.subarray(start * channels, (start + valid) * channels));
  return rows;
}

/** A window's proposals as fractions of the video; what begins after its end is dropped, what ends there is cut. */
export function fromWindow(proposals: readonly HeadProposal[], window: Window, total: number): HeadProposal[] {
  const inVideo = (fraction: number) => window.start / total + fraction * (window.snippets / total);
  return proposals
    .map(({ start, end, ...rest }) => ({ start: inVideo(start), end: Math.min(1, inVideo(end)), ...rest }))
    .filter(({ start }) => start < 1);
}
