import { z } from 'zod';
import { count, fraction, positive } from './number-kinds.js';

/** A stage's defaults for keys of {@link trainingKeys}. */
interface TrainingDefaults {
  epochs: number;
  batch: number;
  lr: number;
  lrSteps: number[];
  lrGamma: number;
  clipNorm: number;
  microBatch: number | null;
}

/** The keys that every training stage has, with one stage's defaults. */
export function trainingKeys(defaults: TrainingDefaults) {
  return {
    epochs: count.default(defaults.epochs).describe('Passes over the training samples.'),
    lr: positive.default(defaults.lr).describe('Base learning rate.'),
    lrSchedule: z
      .enum(['steps', 'cosine'])
      .default('steps')
      .describe('How the learning rate falls after the warm-up: at lrSteps, or along half a cosine to 0 at the end.'),
    lrSteps: z
      .array(positive)
      .default(defaults.lrSteps)
      .describe('Epochs at which the learning rate is multiplied by lrGamma, where lrSchedule is steps.'),
    lrGamma: positive.default(defaults.lrGamma).describe('Factor on the learning rate at each of lrSteps.'),
    warmupEpochs: z
      .number()
      .min(0)
      .default(0)
      .describe('Epochs of linear warm-up, from a tenth of the learning rate (cosine: from 0).'),
    batch: count.default(defaults.batch).describe('Videos or clips in an optimiser step.'),
    weightDecay: z
      .number()
      .min(0)
      .default(1e-4)
      .describe(
        'Weight decay: an L2 term added to the gradient of weights (adamw: decoupled, subtracted from the weights).',
      ),
    clipNorm: z
      .number()
      .min(0)
      .default(defaults.clipNorm)
      .describe('Largest L2 norm of the whole gradient, to which it is clipped; 0: no clipping.'),
    microBatch: count
      .nullable()
      .default(defaults.microBatch)
      .describe(
        'Videos or clips that go through the network at once; gradients are accumulated over the batch. null: the ' +
          'whole batch.',
      ),
    lrFactors: z
      .record(z.string(), positive)
      .default({})
      .describe(
        'Factors on the learning rate by the beginning of parameter names (encoder, encoder.layer4, head.loc); ' +
          'the longest beginning that matches applies.',
      ),
    ema: fraction
      .lt(1)
      .default(0)
      .describe(
        'Decay of an exponential moving average of the weights, which validation and later stages use; 0: no average.',
      ),
  };
}

/** The values of the keys that every training stage has. */
export type TrainingKeys = z.output<z.ZodObject<ReturnType<typeof trainingKeys>>>;
/** The keys that decide the learning rate of a training stage. */
export type LearningRate = Pick<TrainingKeys, 'epochs' | 'lr' | 'lrSchedule' | 'lrSteps' | 'lrGamma' | 'warmupEpochs'>;

/** Key of a stage that can measure its encoder's batch normalisation anew at its end. */
export const reestimate = z
  .int()
  .min(0)
  .default(0)
  .describe(
    'Number of training videos on which the running statistics of batch normalisation are measured anew, at full ' +
      'fidelity, after the last epoch; 0: they stay as trained.',
  );

/** Key of a stage that trains an encoder. */
export const batchNorm = z
  .enum(['train', 'frozen', 'frozen-affine'])
  .default('train')
  .describe(
    'Batch normalisation of the encoder in training. train: with the statistics of the batch; frozen: with the ' +
      'running statistics, which do not change; frozen-affine: like frozen, and scale and offset do not change either.',
  );
