import type { HeadInstance } from '../head.js';
import { locationsOf, toPlace, type Level } from './levels.js';

/** A location that is trained to find an instance. */
export interface Positive {
  level: number;
  /** Number of the location within its level. */
  index: number;
  /** Classes of the instance; several where instances of equal length and place have different classes. */
  labels: number[];
  /** Distances from the location to the instance's start and end, in strides of the level; both are above 0. */
  before: number;
  after: number;
}

/**
 * An instance that a window cuts is learnt only if at least this part of it lies inside (ActionFormer's
 * `trunc_thresh`).
 */
const leastInside = 0.5;
/** Instances whose lengths differ by no more than this, in snippets, count as equally long. */
const sameLength = 1e-3;

/**
 * Decides which locations of `levels` learn which instances of an item (ActionFormer, §3.3, and its code;
 * docs/method.md §8.2): a location learns an instance that contains it, whose middle is at most `radius` strides away,
 * and whose farther end lies in the level's range. Of several instances it learns the shortest.
 *
 * @param instances - In fractions of T snippets.
 * @param snippets - T.
 * @param valid - How many of the T snippets are video; the parts of instances beyond them are cut off.
 * @param radius - In strides of the level.
 */
export function assign(
  instances: readonly HeadInstance[],
  snippets: number,
  valid: number,
  levels: readonly Level[],
  radius: number,
): Positive[] {
  const end = valid / snippets;
  const segments = instances.flatMap((instance) => {
    const inside: [number, number] = [Math.max(0, instance.start), Math.min(end, instance.end)];
    if (inside[1] - inside[0] < leastInside * (instance.end - instance.start)) return [];
    const [from, to] = inside.map((fraction) => toPlace(fraction, snippets)) as [number, number];
    return to > from ? [{ from, to, label: instance.label }] : [];
  });
  return levels.flatMap((level, number) => {
    const found: Positive[] = [];
    for (let index = 0; index < locationsOf(level, valid); index++) {
      const place = index * level.stride;
      const candidates = segments.filter((segment) => learns(place, segment, level, radius));
      if (candidates.length === 0) continue;
      const shortest = candidates.reduce((a, b) => (b.to - b.from < a.to - a.from ? b : a));
      const alike = candidates.filter(({ from, to }) => to - from <= shortest.to - shortest.from + sameLength);
      found.push({
        level: number,
        index,
        labels: [...new Set(alike.map(({ label }) => label))],
        before: (place - shortest.from) / level.stride,
        after: (shortest.to - place) / level.stride,
      });
    }
    return found;
  });
}

function learns(place: number, { from, to }: { from: number; to: number }, level: Level, radius: number): boolean {
  const middle = (from + to) / 2;
  const low = Math.max(from, middle - radius * level.stride);
  const high = Math.min(to, middle + radius * level.stride);
  const farther = Math.max(place - from, to - place);
  const [least, most] = level.range;
  return place > low && place < high && farther >= least && farther <= most;
}
