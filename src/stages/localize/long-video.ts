import type { Config } from '../../config/schema.js';
import type { Proposal } from '../../evaluation/suppression/soft-nms.js';
import { temporalIou } from '../../evaluation/segments.js';
import type { HeadProposal } from '../../models/heads/head.js';
import { windowsOver, type Window } from '../../models/heads/windows.js';
import { shownSeconds, type Clock } from '../../video/clock.js';
import { snippetsEvery } from '../../data/views/sampling.js';

/** The windows in which the head sees a video. */
export interface Plan {
  /** Number of snippets of the whole video, evenly spread. */
  snippets: number;
  /** The windows, in order of their starts. */
  windows: Window[];
}

/**
 * Plans the windows over a video, which overlap by half (docs/method.md §9). A model that was trained on whole videos
 * sees a video of up to `longest` seconds as one window of `full.snippets` snippets. A longer video gets proportionally
 * more snippets, so that its windows are neither longer nor coarser than the videos of training.
 *
 * @param longest - Seconds for which the longest training video shows frames.
 */
export function planWindows(
  { full, model, data }: Pick<Config, 'full' | 'model' | 'data'>,
  longest: number,
  video: Clock,
): Plan {
  if (model.window) {
    const snippets = snippetsEvery(model.window.every, video, data.fps);
    return { snippets, windows: windowsOver(snippets, model.window.snippets) };
  }
  // A hundredth of a snippet is tolerated: two programs may measure slightly different durations of the same file.
  const snippets = Math.max(full.snippets, Math.ceil((full.snippets * shownSeconds(video)) / longest - 0.01));
  return { snippets, windows: windowsOver(snippets, full.snippets) };
}

/**
 * Keeps those proposals of a window that lie in no other window with more room around them. All windows share one grid
 * of snippets, so every span of the video is proposed by exactly one window, the one in which it lies most central. A
 * proposal that is cut by the window's border is left to the neighbour.
 *
 * @param proposals - As fractions of the window.
 * @returns The kept proposals, in snippets of the video.
 */
export function ownProposals<T extends Proposal>(
  proposals: readonly T[],
  window: Window,
  { snippets, windows }: Plan,
): T[] {
  const others = windows.filter((other) => other !== window && overlap(other, window));
  return proposals
    .map((proposal) => ({
      ...proposal,
      start: window.start + onGrid(proposal.start * window.snippets),
      end: window.start + onGrid(proposal.end * window.snippets),
    }))
    .filter((span) => {
      const own = room(span, window, snippets);
      return others.every((other) => {
        const there = room(span, other, snippets);
        return there < own || (there === own && other.start > window.start);
      });
    });
}

/** Rounds a position to a border of snippets if it differs only by rounding, so that windows agree about distances. */
function onGrid(position: number): number {
  const nearest = Math.round(position);
  return Math.abs(position - nearest) < 1e-6 ? nearest : position;
}

/**
 * Snippets from a span to the nearer border of a window; negative where it is cut. The video's ends are not borders.
 */
function room({ start, end }: Proposal, window: Window, snippets: number): number {
  const before = window.start === 0 ? Infinity : start - window.start;
  const after = endOf(window) >= snippets ? Infinity : endOf(window) - end;
  return Math.min(before, after);
}

/**
 * Thins the proposals of one window by those of its neighbours, since the same action may be proposed by two windows.
 * Scores are lowered as in Soft-NMS by each better proposal of `others` with the same label (or with none, as its own).
 */
export function thinned(
  proposals: readonly HeadProposal[],
  others: readonly HeadProposal[],
  sigma: number,
): HeadProposal[] {
  return proposals.map((proposal) => {
    const { start, end, score, label } = proposal;
    const decay = others.reduce(
      (sum, other) =>
        other.label === label && other.score > score ? sum + temporalIou(start, end, other.start, other.end) ** 2 : sum,
      0,
    );
    return { ...proposal, score: score * Math.exp(-decay / sigma) };
  });
}

/**
 * Yields each window with those that overlap it, as soon as the last of these has arrived.
 *
 * @param windows - In order of their starts.
 */
export async function* withNeighbours<T extends { window: Window }>(
  windows: AsyncIterable<T>,
): AsyncGenerator<{ item: T; neighbours: T[] }> {
  let near: T[] = [];
  let given = 0;
  function* settled(start: number) {
    for (; given < near.length && endOf(near[given]!.window) <= start; given++) {
      const item = near[given]!;
      yield { item, neighbours: near.filter((other) => other !== item && overlap(other.window, item.window)) };
    }
    const waiting = near.slice(given);
    const first = waiting[0]?.window.start ?? start;
    near = near.filter((item, i) => i >= given || endOf(item.window) > first);
    given = near.length - waiting.length;
  }
  for await (const item of windows) {
    yield* settled(item.window.start);
    near.push(item);
  }
  yield* settled(Infinity);
}

function overlap(a: Window, b: Window): boolean {
  return a.start < endOf(b) && b.start < endOf(a);
}

function endOf({ start, snippets }: Window): number {
  return start + snippets;
}
