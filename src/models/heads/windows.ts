import type { Random } from '../../engine/random.js';
import type { HeadInstance, HeadProposal } from './head.js';
import type { UnlabelledSpan } from './unlabelled-snippets.js';

/**
 * A part of a video that the head sees at once: `snippets` snippets from number `start` on. Beyond
 * the video's end they are zeros.
 */
export interface Window {
  start: number;
  snippets: number;
}

/**
 * Windows over a video of `total` snippets (docs/method.md §9). Each begins in the middle of the one before it, and the
 * last one ends with the video. (The authors leave out up to a fifth of a window at the end.) With `size` null the
 * whole video is one window.
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
 * A random window for training (ActionFormer's truncation). In a video longer than the window it contains at least half
 * of some instance, if one of two hundred draws does. Of a shorter video it shows nine tenths or more. `size` null: as
 * long as the video.
 *
 * @returns The window, and how many of its snippets are shown.
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

/**
 * The windows to train on: those that hold more than nine tenths of some instance. `size` null:
 * the whole video in any case.
 */
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
 * The instances that overlap a window, converted from fractions of the video to fractions of the window. They are not
 * cut at its ends: an instance that begins before the window has no start in it.
 */
export function windowInstances(instances: readonly HeadInstance[], window: Window, total: number): HeadInstance[] {
  const inWindow = (fraction: number) => (fraction - window.start / total) * (total / window.snippets);
  return instances
    .map(({ start, end, label }) => ({ start: inWindow(start), end: inWindow(end), label }))
    .filter(({ start, end }) => start < 1 && end > 0);
}

/** The unlabelled stretches of a video in fractions of a window, cut to it. */
export function windowSpans(spans: readonly UnlabelledSpan[], window: Window, total: number): UnlabelledSpan[] {
  const inWindow = (fraction: number) => (fraction - window.start / total) * (total / window.snippets);
  return spans
    .map(([start, end]): UnlabelledSpan => [Math.max(0, inWindow(start)), Math.min(1, inWindow(end))])
    .filter(([start, end]) => end > start);
}

/** A window's rows of a video's features `[total, C]` → `[snippets·C]`; rows beyond the first `valid` are zeros. */
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

/**
 * Converts a window's proposals to fractions of the video. Those that start beyond the video are
 * dropped; ends are cut there.
 */
export function fromWindow(proposals: readonly HeadProposal[], window: Window, total: number): HeadProposal[] {
  const inVideo = (fraction: number) => window.start / total + fraction * (window.snippets / total);
  return proposals
    .map(({ start, end, ...rest }) => ({ start: inVideo(start), end: Math.min(1, inVideo(end)), ...rest }))
    .filter(({ start }) => start < 1);
}
