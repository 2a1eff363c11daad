import type { LossModel } from './importance-sampler.js';
import { meanOf, running } from './means.js';
import type { Slots } from './sampler.js';

/** Running mean of the losses of a class, and of their squares. */
interface Moments {
  mean: number;
  square: number;
}

/** Moments by fidelity and class; null where no loss of the class is known yet. The last class is background. */
type Values = Readonly<Record<string, readonly (Moments | null)[]>>;

/** Batches between two updates. */
const batchesBetween = 8;

/**
 * The loss model that knows classes only: an item's score is the running mean of its class's losses plus their
 * deviation (docs/method.md §13.4). Of several classes it is the mean of their scores; an item without one is
 * background.
 */
export function classModel({ classes, classCount }: Slots): LossModel {
  const classesOf = (item: number) => (classes[item]!.length > 0 ? classes[item]! : [classCount]);
  const unknown = Array.from({ length: classCount + 1 }, () => null);
  return {
    initial: { values: {}, tensors: new Map() },
    every: batchesBetween,
    passes: false,
    scores({ values }, items, { shape }) {
      const scores = ((values as Values)[shape] ?? unknown).map((moments) => moments && scoreOf(moments));
      const known = scores.filter((score) => score !== null);
      // A class of which nothing is known yet has the mean score of the others.
      const usual = known.length > 0 ? meanOf(known) : 1;
      return items.map((item) => meanOf(classesOf(item).map((label) => scores[label] ?? usual)));
    },
    next({ values, tensors }, seen) {
      const shapes = new Map(Object.entries(values as Values).map(([shape, moments]) => [shape, [...moments]]));
      for (const { shape, items, losses } of seen) {
        const moments = shapes.get(shape) ?? [...unknown];
        shapes.set(shape, moments);
        items.forEach((item, i) => {
          for (const label of classesOf(item)) moments[label] = moved(moments[label] ?? null, losses[i]!);
        });
      }
      return { values: Object.fromEntries(shapes), tensors };
    },
  };
}

function moved(before: Moments | null, loss: number): Moments {
  if (!before) return { mean: loss, square: loss ** 2 };
  return { mean: running(before.mean, loss), square: running(before.square, loss ** 2) };
}

function scoreOf({ mean, square }: Moments): number {
  return mean + Math.sqrt(Math.max(square - mean ** 2, 0));
}
