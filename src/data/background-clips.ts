import { shownSeconds } from '../video/clock.js';
import type { Video } from './dataset.js';
import { clipOf, type MeasuredClip } from './measured-clips.js';

/**
 * The stretches of videos in which no action is annotated, as clips. Stage 1 tells the action from them where there is
 * only one class. A stretch that is shorter than the shortest action is left out: it may be a gap between two marks of
 * one action.
 *
 * @param subset - The subset that the clips get.
 * @param label - The label that the clips get.
 */
export function backgroundClips(videos: readonly Video[], subset: string, label: string): MeasuredClip[] {
  const lengths = videos.flatMap(({ instances }) => instances.map(({ start, end }) => end - start));
  const shortest = lengths.reduce((least, length) => Math.min(least, length), Infinity);
  return videos.flatMap((video) =>
    gaps(video)
      .filter(([start, end]) => end - start >= Math.min(shortest, shownSeconds(video)))
      .map(([start, end]) => clipOf(video, { start, end, label }, subset)),
  );
}

/** Start and end in seconds of each labelled stretch of a video outside its instances. */
function gaps({ instances, duration, start: begin = 0, unlabelled = [] }: Video): [start: number, end: number][] {
  const found: [number, number][] = [];
  let covered = begin;
  const spans = [...instances, ...unlabelled.map(([start, end]) => ({ start, end }))];
  for (const { start, end } of spans.sort((a, b) => a.start - b.start)) {
    if (start > covered) found.push([covered, start]);
    covered = Math.max(covered, end);
  }
  if (duration > covered) found.push([covered, duration]);
  return found;
}
