import { randomStream } from '../../../src/engine/random.js';
import type { AggregatorOptions } from '../../../src/config/sections/aggregator-section.js';
import { buildAggregator } from '../../../src/models/aggregators/aggregator-catalogue.js';
import type { Aggregator, FeatureRows, ParameterValues } from '../../../src/models/aggregators/aggregator.js';
import { accuracyOf, fitLogistic } from '../common/logistic-regression.js';
import type { ToyResult } from '../common/report.js';
import { bagSets, makeBags, type BagSet, type Bags } from './bags.js';
import { learnCodebook, usualLearning, type Learning } from './learning.js';

/** The accuracy of one arm. */
export interface BagResult extends ToyResult {
  readonly set: BagSet;
  /** Words of the codebook. */
  readonly K: number;
}

/** What is compared. */
export interface BagStudy {
  readonly sets: readonly BagSet[];
  /** Sizes of codebooks. */
  readonly words: readonly number[];
  readonly seeds: readonly number[];
  /** Bags to train with, and to test with. */
  readonly train: number;
  readonly test: number;
  readonly learning: Learning;
}

/** The study of the toy, without its seeds. */
export const usualStudy: Omit<BagStudy, 'seeds'> = {
  sets: ['A', 'B'],
  words: [2, 4, 8],
  train: 300,
  test: 400,
  learning: usualLearning,
};

const arms: Readonly<Record<string, (words: number) => AggregatorOptions>> = {
  bow: (words) => ({ type: 'bow', words, withMean: false }),
  vlad: (words) => ({ type: 'vlad', words, withMean: false }),
  fisher: (words) => ({ type: 'fisher', words, withMean: false }),
  T1: (words) => ({ type: 'softbow', words, shapes: false, withMean: false }),
  T2: (words) => ({ type: 'softbow', words, shapes: true, withMean: false }),
};

/**
 * The accuracies of all arms, sets, sizes and seeds. Each arm fits its codebook to the points of the training bags, and
 * a logistic regression to its vectors of them. T1 and T2 come twice: as fitted (`init`), and trained (`learned`), from
 * as many starts as the learning says, of which the training bags choose.
 *
 * @param onProgress - Called after every set, seed and size.
 */
export function studyBags(study: BagStudy, onProgress: (done: string) => void = () => undefined): BagResult[] {
  return study.sets.flatMap((set) =>
    study.seeds.flatMap((seed) => {
      const train = makeBags(set, study.train, seed, 'train');
      const test = makeBags(set, study.test, seed, 'test');
      const points = pooled(train.bags);
      return study.words.flatMap((K) => {
        const results = Object.entries(arms).flatMap(([name, optionsOf]) => {
          const aggregator = buildAggregator(optionsOf(K), 2);
          const fit = (start: number) => aggregator.fit!(points, randomStream(seed, 'fit', set, K, start));
          const accuracy = (values: ParameterValues) =>
            accuracyWith(aggregator, values, train, test, bagSets[set].classes);
          const result = (arm: string, values: ParameterValues) => ({ arm, seed, set, K, accuracy: accuracy(values) });
          if (!aggregator.parameters.some(({ trainable }) => trainable)) return [result(name, fit(0))];
          const learned = learnCodebook(aggregator, fit, train, seed, study.learning);
          return [result(`${name} init`, fit(0)), result(`${name} learned`, learned)];
        });
        onProgress(`set ${set}, seed ${seed}, K ${K}`);
        return results;
      });
    }),
  );
}

/** The accuracy on the test bags of a logistic regression of the aggregator's vectors. */
function accuracyWith(
  aggregator: Aggregator,
  values: ParameterValues,
  train: Bags,
  test: Bags,
  classes: number,
): number {
  const labelled = ({ bags, labels }: Bags) => ({
    vectors: bags.map((bag) => aggregator.aggregate(bag, values).value),
    labels,
  });
  return accuracyOf(labelled(test), fitLogistic(labelled(train), classes));
}

/** The points of all bags. */
function pooled(bags: readonly FeatureRows[]): FeatureRows {
  return {
    data: Float64Array.from(bags.flatMap(({ data }) => [...data])),
    count: bags.reduce((sum, { count }) => sum + count, 0),
    channels: 2,
  };
}
