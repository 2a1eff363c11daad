import { randomStream } from '../../src/engine/random.js';

/** A video as far as its labels matter. */
export interface LabelledVideo {
  id: string;
  labels: readonly string[];
}

/**
 * The order in which videos get their labels, so that subsets are nested: each is the beginning of the next. First come
 * videos that together have every class, at each place the one with most classes that were not there yet; then the
 * others. Among equals, and among the others, the seed decides.
 */
export function labelOrder(videos: readonly LabelledVideo[], seed: number): string[] {
  const waiting = randomStream(seed, 'few labels').shuffled(videos);
  const order: string[] = [];
  const seen = new Set<string>();
  const newIn = ({ labels }: LabelledVideo) => new Set(labels.filter((label) => !seen.has(label))).size;
  for (;;) {
    const gains = waiting.map(newIn);
    const most = Math.max(0, ...gains);
    if (most === 0) return [...order, ...waiting.map(({ id }) => id)];
    const [next] = waiting.splice(gains.indexOf(most), 1);
    for (const label of next!.labels) seen.add(label);
    order.push(next!.id);
  }
}

/** The videos of a share of the labels: at least one. */
export function labelledShare(order: readonly string[], share: number): Set<string> {
  return new Set(order.slice(0, Math.max(1, Math.round(order.length * share))));
}
