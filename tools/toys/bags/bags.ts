import { randomStream, type Random } from '../../../src/engine/random.js';
import type { FeatureRows } from '../../../src/models/aggregators/aggregator.js';

/** The name of a set of bags. */
export type BagSet = 'A' | 'B';

/** Bags of points of the plane, and their classes. */
export interface Bags {
  readonly bags: readonly FeatureRows[];
  readonly labels: readonly number[];
}

/** Points of a bag. */
const pointsOfBag = 100;
/** How far points of a curve lie off it: a standard deviation. */
const thickness = 0.05;

interface SetFacts {
  readonly classes: number;
  /** The part of the points that says nothing of the class. */
  readonly background: number;
  readonly noise: (random: Random) => readonly [x: number, y: number];
  /** A point of the curve that tells the class. */
  readonly curve: (label: number, random: Random) => readonly [x: number, y: number];
}

const onCircle = (radius: number, angle: number): [number, number] => [
  radius * Math.cos(angle),
  radius * Math.sin(angle),
];

/**
 * A: 80 % of a normal distribution with deviation 1, and the upper (class 0) or lower (1) half of a circle with radius
 * 0.5. B: 70 % uniform in [-2, 2]², and a circle with radius 0.6, 1.2 or 1.8 (class 0, 1, 2).
 */
export const bagSets: Readonly<Record<BagSet, SetFacts>> = {
  A: {
    classes: 2,
    background: 0.8,
    noise: (random) => [random.normal(), random.normal()],
    curve: (label, random) => onCircle(0.5, Math.PI * (random.uniform() + label)),
  },
  B: {
    classes: 3,
    background: 0.7,
    noise: (random) => [random.between(-2, 2), random.between(-2, 2)],
    curve: (label, random) => onCircle(0.6 * (label + 1), 2 * Math.PI * random.uniform()),
  },
};

/** So many bags of a set, of all classes in turn. `part` names those that belong together, as `train`. */
export function makeBags(set: BagSet, count: number, seed: number, part: string): Bags {
  const { classes, background, noise, curve } = bagSets[set];
  const labels = Array.from({ length: count }, (_, i) => i % classes);
  const bags = labels.map((label, i) => {
    const random = randomStream(seed, 'bags', set, part, i);
    const points = Array.from({ length: pointsOfBag }, (_, n) => {
      if (n < background * pointsOfBag) return noise(random);
      return curve(label, random).map((x) => x + thickness * random.normal());
    });
    return { data: Float64Array.from(points.flat()), count: pointsOfBag, channels: 2 };
  });
  return { bags, labels };
}
