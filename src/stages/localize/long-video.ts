import type { Config } from '../../config/schema.js';
import type { Proposal } from '../../evaluation/suppression/soft-nms.js';
import { temporalIou } from '../../evaluation/segments.js';
import type { HeadProposal } from '../../models/heads/head.js';
import { windowsOver, type Window } from '../../models/heads/windows.js';
import { snippetsEvery } from '../../data/views/sampling.js';

/** How a video is laid before the head. */
export interface Plan {
  /** Snippets over the whole video, evenly spread. */
  snippets: number;
  /** What the head sees at once, by rising start. */
  windows: Window[];
}

/**
 * The windows over a video, overlapping by half. A model that was trained on whole videos sees one of up to `longest` seconds, the longest it
 * was trained on, as a whole, by `full.snippets` snippets. A longer one gets as many more as it is longer: its windows are no longer, and no
 * coarser, than what the head knows.
 */
export function planWindows(
  { full, model, data }: Pick<Config, 'full' | 'model' | 'data'>,
  longest: number,
  video: { duration: number; frames: number; fps: number },
): Plan {
  if (model.window) {
    const snippets = snippetsEvery(model.window.every, video, data.fps);
    return { snippets, windows: windowsOver(snippets, model.window.snippets) };
  }
  // A hundredth of a snippet is rounding: two programs do not measure the same file alike.
  const snippets = Math.max(full.snippets, Math.ceil((full.snippets * video.duration) / longest - 0.01));
  return { snippets, windows: windowsOver(snippets, full.snippets) };
}

/**
 * What a window has to say: of its proposals (fractions of the window) those that lie in no other window with more room around them, in
 * snippets of the video. Since windows share one grid of snippets, every span of the video is so proposed by one window, the one in which
 * it is most central; what a window's border cuts is left to its neighbour.
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

/** What lies on a border of snippets but for rounding, on it: every window is then as far from it. */
function onGrid(position: number): number {
  const nearest = Math.round(position);
  return Math.abs(position - nearest) < 1e-6 ? nearest : position;
}

/** Snippets from a span to the nearer border of a window, below 0 where it is cut. The ends of the video are no borders. */
function room({ start, end }: Proposal, window: Window, snippets: number): number {
  const before = window.start === 0 ? Infinity : start - window.start;
  const after = endOf(window) >= snippets ? Infinity : endOf(window) - end;
  return Math.min(before, after);
}

/**
 * Thins among windows what each has thinned by itself: the same action may be proposed on either side of where one window's say ends and
 * another's begins. Scores fall, as in Soft-NMS, by each better proposal of `others` that bears the same label, or none either.
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

/** Gives each window with those that overlap it, as soon as the last of these has come. They come by rising start. */
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
