import { powerOf2From } from '../../engine/collectives/ranks.js';

/** Which of several processes something is divided among. */
export interface RankShare {
  readonly rank: number;
  readonly count: number;
}

/** The sizes of the micro-batches of a batch: `largest` items each, the last one fewer; the whole batch for null. */
export function microBatches(items: number, largest: number | null): number[] {
  if (largest === null) return [items];
  return Array.from({ length: Math.ceil(items / largest) }, (_, i) => Math.min(largest, items - i * largest));
}

/**
 * The places in a batch of the items that a rank computes: those of its micro-batches. Each rank has a subtree of the
 * balanced tree in which the micro-batches are added up.
 *
 * @param sizes - Items in each micro-batch of the batch.
 */
export function slotsOf(sizes: readonly number[], { rank, count }: RankShare): { from: number; to: number } {
  const each = powerOf2From(Math.ceil(sizes.length / count));
  const before = (micro: number) => sizes.slice(0, micro).reduce((sum, size) => sum + size, 0);
  return { from: before(rank * each), to: before((rank + 1) * each) };
}

/** Items of a batch that go through the network together: of those that this process has, `from` ≤ i < `to`. */
export interface MicroBatch {
  /** Number of the micro-batch within the planned batch. */
  place: number;
  /** Place of its first item in the planned batch, which names its random streams. */
  slot: number;
  from: number;
  to: number;
}

/** The part of a batch that a process computes. */
export interface Division {
  micro: readonly MicroBatch[];
  /** Items in the whole batch. */
  items: number;
  /** Whether there are ranks that compute nothing of this batch. */
  idle: boolean;
}

/** The division of a batch that this process computes as a whole, into micro-batches of these sizes. */
export function undivided(sizes: readonly number[]): Division {
  return { micro: divided(sizes), items: sizes.reduce((sum, size) => sum + size, 0), idle: false };
}

/** Whether some of several ranks have nothing to do: none of the items that lie at `read` is theirs. */
export function leavesIdle(sizes: readonly number[], read: readonly number[], count: number): boolean {
  const ranks = Array.from({ length: count }, (_, rank) => slotsOf(sizes, { rank, count }));
  return ranks.some(({ from, to }) => !read.some((slot) => from <= slot && slot < to));
}

/**
 * The micro-batches that items belong to. One that lacks items is smaller, one that lacks all is left out.
 *
 * @param sizes - Items in each micro-batch of the planned batch.
 * @param slots - The places of the items in the planned batch, ascending; by default those of all.
 */
export function divided(
  sizes: readonly number[],
  slots: readonly number[] = Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, i) => i),
): MicroBatch[] {
  const micro: MicroBatch[] = [];
  let [slot, from] = [0, 0];
  sizes.forEach((size, place) => {
    let to = from;
    while (to < slots.length && slots[to]! < slot + size) to++;
    if (to > from) micro.push({ place, slot, from, to });
    [slot, from] = [slot + size, to];
  });
  return micro;
}
