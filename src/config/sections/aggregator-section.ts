import { z } from 'zod';
import { aggregatorFacts, aggregators, aggregatorTypes, type AggregatorType } from '../aggregator-facts.js';
import { count, positive } from './number-kinds.js';

const withMean = z
  .boolean()
  .default(false)
  .describe('Whether the mean of the sequence is joined to the result, which is then longer.');
const words = (usual: number) => count.max(4096).default(usual).describe('Words of the codebook.');

const rank = {
  targets: z
    .enum(['index', 'centred', 'normalised'])
    .default('centred')
    .describe(
      'Numbers that rank pooling fits to the T steps: index: 1 to T; centred: the same around 0, so that the reversed ' +
        'sequence has the opposite result; normalised: centred and divided by T/2 (epsilon by T), so that results do ' +
        'not grow with T.',
    ),
  C: positive.max(1e6).default(1).describe('Weight of the fit against the length of the result.'),
  epsilon: z.number().min(0).default(0.1).describe('Deviations from the targets that count as none.'),
  smoothing: z
    .boolean()
    .default(true)
    .describe('Whether each step is replaced by the mean of all steps up to it, before the other keys.'),
  nonlinearity: z
    .enum(['none', 'ssr', 'ser'])
    .default('ssr')
    .describe(
      'Applied to each value. ssr: the root of its size, with its sign; ser: the roots of its positive and of its ' +
        'negative part, which doubles the channels.',
    ),
  normalize: z.boolean().default(true).describe('Whether each step is divided by its length, at last.'),
  direction: z
    .enum(['forward', 'both'])
    .default('forward')
    .describe('both: the result of the reversed sequence is joined, which doubles the channels.'),
  backward: z
    .enum(['dual', 'shermanMorrison', 'diagonal'])
    .default('dual')
    .describe(
      'How the gradient is computed. dual: exactly; shermanMorrison: exactly, slower; diagonal: approximately, ' +
        'without products of steps.',
    ),
};

const keysOf = {
  mean: {},
  max: { withMean },
  rank: { ...rank, withMean },
  arp: {
    weights: z
      .enum(['timeMean', 'plain'])
      .default('timeMean')
      .describe('Weights of the steps. timeMean: those for means of all steps up to each; plain: 2t - T - 1.'),
    withMean,
  },
  softbow: {
    words: words(64),
    shapes: z
      .boolean()
      .default(false)
      .describe('Whether each word also learns how far it reaches in each channel (T2 of its paper; false: T1).'),
    withMean,
  },
  bow: { words: words(64), withMean },
  vlad: { words: words(16), withMean },
  fisher: { words: words(16), withMean },
} satisfies Record<AggregatorType, object>;

function options<Type extends AggregatorType>(type: Type) {
  return z.strictObject({ type: z.literal(type).describe(`${aggregators[type].describe}.`), ...keysOf[type] });
}

const described = (types: readonly AggregatorType[]) =>
  types.map((type) => `${type} (${aggregators[type].describe})`).join(', ');

const choices = [
  options('mean'),
  options('max'),
  options('rank'),
  options('arp'),
  options('softbow'),
  options('vlad'),
  options('fisher'),
] as const;

/** `segments.aggregator`: how one vector is made of a sequence of features. */
export const aggregatorSchema = z.discriminatedUnion('type', [...choices, options('bow')], {
  error: wrongType(aggregatorTypes),
});

/** `encoder.aggregator`: the same, of those that an encoder can be trained through. */
const trainable = aggregatorTypes.filter((type) => aggregatorFacts(type).differentiable);
export const trainableAggregatorSchema = z.discriminatedUnion('type', choices, { error: wrongType(trainable) });

/** The help of both keys. */
export const aggregatorHelp = { all: described(aggregatorTypes), trainable: described(trainable) };

function wrongType(types: readonly string[]) {
  return ({ code }: { code?: string }) =>
    code === 'invalid_union' ? `expected one of ${types.map((type) => `"${type}"`).join('|')}` : undefined;
}

/** The keys of an aggregator. */
export type AggregatorOptions = z.output<typeof aggregatorSchema>;
