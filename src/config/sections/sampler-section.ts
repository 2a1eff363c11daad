import { z } from 'zod';
import { count } from './number-kinds.js';

/** How a training stage may choose the items of a batch. */
export type SamplerType = 'shuffled' | 'history' | 'classGaussian' | 'model';

const help: Readonly<Record<SamplerType, string>> = {
  shuffled: 'every item once an epoch, in random order',
  history: 'a small LSTM predicts the loss of an item from its last losses and its classes',
  classGaussian: 'the mean and deviation of the losses of its classes',
  model: 'the loss that the model itself has on it now',
};

/**
 * The key `sampler` of a training stage: biased importance sampling (Katharopoulos & Fleuret 2017; docs/method.md
 * §13).
 *
 * @param types - The types that the stage has.
 */
export function samplerKey<const T extends SamplerType>(types: readonly [T, ...T[]]) {
  const listed = types.map((type) => `${type}: ${help[type]}`).join('; ');
  return z
    .strictObject({
      type: z
        .enum(types)
        .default(types[0] as never)
        .describe(`What the chance of an item to be trained on is proportional to. ${listed}.`),
      k: z
        .number()
        .min(-8)
        .max(1)
        .default(0.5)
        .describe(
          'Exponent of the weights that make up for the choice. 1: the mean loss is minimised, without bias; less: ' +
            'high losses count more.',
        ),
      presample: count
        .max(65536)
        .nullable()
        .default(null)
        .describe(
          'Candidates drawn uniformly for a batch, among which it is chosen. null: 2048; for model three batches.',
        ),
      smoothing: z
        .number()
        .min(0)
        .default(0.5)
        .describe('Added to every prediction, as a multiple of the running mean of predictions.'),
      reweight: z
        .boolean()
        .default(true)
        .describe('Whether losses are weighted by k; false: the items that were chosen count alike.'),
      warmup: z
        .int()
        .min(0)
        .nullable()
        .default(null)
        .describe('Batches at the beginning of the stage that are shuffled ones. null: those of the first epoch.'),
      cap: z.number().min(1).default(10).describe('Largest weight of an item.'),
    })
    .prefault({})
    .describe('How the items of a batch are chosen.');
}

/** The samplers of stages that read videos: scoring candidates must not need their frames. */
export const samplerTypes = ['shuffled', 'history', 'classGaussian'] as const;
/** The samplers of stages on features, which are in memory. */
export const featureSamplerTypes = [...samplerTypes, 'model'] as const;

/** The values of the key `sampler`, for any stage. */
export type SamplerOptions = Omit<z.output<ReturnType<typeof samplerKey>>, 'type'> & { type: SamplerType };

/** The number of candidates for a batch. */
export function presampleOf({ type, presample }: Pick<SamplerOptions, 'type' | 'presample'>, batch: number): number {
  return presample ?? (type === 'model' ? 3 * batch : 2048);
}
