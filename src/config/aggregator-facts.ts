/**
 * The facts of an aggregator, which makes one vector of a sequence of feature vectors, for configuration and messages.
 * Its builder is in `models/aggregators/aggregator-catalogue.ts`.
 */
export interface AggregatorFacts {
  /** One phrase for the help of `encoder.aggregator.type` and `segments.aggregator.type`. */
  readonly describe: string;
  /** Whether its output depends on the order of the sequence. */
  readonly ordered: boolean;
  /** Whether a gradient reaches the sequence, so that an encoder can be trained through it. */
  readonly differentiable: boolean;
  /** Whether it has a codebook, which is fitted to features before training. */
  readonly codebook: boolean;
}

const plain = { ordered: false, differentiable: true, codebook: false } as const;

/** Every aggregator by its name. A new one needs an entry here, its keys in `sections/aggregator-section.ts`, a builder. */
export const aggregators = {
  mean: { ...plain, describe: 'the mean' },
  max: { ...plain, describe: 'the largest value of each channel' },
  rank: { ...plain, describe: 'rank pooling: the direction in which features move in time', ordered: true },
  arp: { ...plain, describe: 'approximate rank pooling: late features minus early ones', ordered: true },
  softbow: { ...plain, describe: 'a bag of words whose codebook is trained', codebook: true },
  bow: { ...plain, describe: 'bag of words', differentiable: false, codebook: true },
  vlad: { ...plain, describe: 'VLAD: the sum of differences from the words', codebook: true },
  fisher: { ...plain, describe: 'Fisher vectors', codebook: true },
} as const satisfies Record<string, AggregatorFacts>;

/** The name of an aggregator. */
export type AggregatorType = keyof typeof aggregators;

/** The names of all aggregators, in the order of the table. */
export const aggregatorTypes = Object.keys(aggregators) as [AggregatorType, ...AggregatorType[]];

/** The facts of an aggregator. */
export function aggregatorFacts(type: AggregatorType): AggregatorFacts {
  return aggregators[type];
}
