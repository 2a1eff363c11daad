/**
 * The facts of an aggregator, which makes one vector of a sequence of feature vectors, for configuration and messages.
 * Its builder is in `models/aggregators/aggregator-catalogue.ts`.
 */
export interface AggregatorFacts {
  /** One phrase for the help of `encoder.aggregator.type` and `segments.aggregator.type`. */
  readonly describe: string;
  /** Whether a gradient reaches the sequence, so that an encoder can be trained through it. */
  readonly differentiable: boolean;
  /** Whether it has a codebook, which is fitted to features of training videos before anything is trained. */
  readonly codebook: boolean;
}

const trained = { differentiable: true, codebook: false } as const;
const fitted = { differentiable: true, codebook: true } as const;

/** Every aggregator by its name. A new one needs an entry here, keys in `sections/aggregator-section.ts`, a builder. */
export const aggregators = {
  mean: { ...trained, describe: 'the mean' },
  max: { ...trained, describe: 'the largest value of each channel' },
  rank: { ...trained, describe: 'rank pooling: the direction in which features move in time' },
  arp: { ...trained, describe: 'approximate rank pooling: late features minus early ones' },
  softbow: { ...fitted, describe: 'a bag of words whose codebook is trained' },
  bow: { ...fitted, differentiable: false, describe: 'bag of words' },
  vlad: { ...fitted, describe: 'VLAD: the sum of differences from the words' },
  fisher: { ...fitted, describe: 'Fisher vectors' },
} as const satisfies Record<string, AggregatorFacts>;

/** The name of an aggregator. */
export type AggregatorType = keyof typeof aggregators;

/** The names of all aggregators, in the order of the table. */
export const aggregatorTypes = Object.keys(aggregators) as [AggregatorType, ...AggregatorType[]];

/** The facts of an aggregator. */
export function aggregatorFacts(type: AggregatorType): AggregatorFacts {
  return aggregators[type];
}
