import { z } from 'zod';
import { count, fraction, positive } from './number-kinds.js';

/** What a stage takes for the keys of {@link trainingKeys} that nobody states. */
interface TrainingDefaults {
  epochs: number;
  batch: number;
  lr: number;
  lrSteps: number[];
  lrGamma: number;
  clipNorm: number;
  microBatch: number | null;
}

/** The keys that every training stage has, with the defaults of one. */
export function trainingKeys(defaults: TrainingDefaults) {
  return {
    epochs: count.default(defaults.epochs).describe('Passes over the training samples.'),
    lr: positive.default(defaults.lr).describe('Base learning rate.'),
    lrSchedule: z
      .enum(['steps', 'cosine'])
      .default('steps')
      .describe('After the warm-up, the rate falls at lrSteps, or along half a cosine to 0 at the end.'),
    lrSteps: z
      .array(positive)
      .default(defaults.lrSteps)
      .describe('Epochs at which the rate is multiplied by lrGamma, where lrSchedule is steps.'),
    lrGamma: positive.default(defaults.lrGamma).describe('Factor on the rate at each of lrSteps.'),
    warmupEpochs: z
      .number()
      .min(0)
      .default(0)
      .describe('Epochs of linear warm-up, from a tenth of the rate (cosine: from 0).'),
    batch: count.default(defaults.batch).describe('Videos or clips an optimiser step.'),
    weightDecay: z
      .number()
      .min(0)
      .default(1e-4)
      .describe('L2 added to the gradient of weights (adamw: subtracted from the weights).'),
    clipNorm: z
      .number()
      .min(0)
      .default(defaults.clipNorm)
      .describe('Largest norm of the whole gradient; 0: it is not clipped.'),
    microBatch: count
      .nullable()
      .default(defaults.microBatch)
      .describe(
        'Videos or clips through the network at once, gradients adding up to the batch; null: the whole batch.',
      ),
    lrFactors: z
      .record(z.string(), positive)
      .default({})
      .describe(
        'Factors on the rate by the beginning of parameter names (encoder, encoder.layer4, head.loc); ' +
          'the longest beginning that fits counts.',
      ),
    ema: fraction
      .lt(1)
      .default(0)
      .describe('Decay of a moving average of the weights, which validation and later stages use; 0: none is kept.'),
  };
}

/** The keys that every training stage has. */
export type TrainingKeys = z.output<z.ZodObject<ReturnType<typeof trainingKeys>>>;
/** The keys that the learning rate of a training stage is made of. */
export type LearningRate = Pick<TrainingKeys, 'epochs' | 'lr' | 'lrSchedule' | 'lrSteps' | 'lrGamma' | 'warmupEpochs'>;

export const reestimate = z
  .int()
  .min(0)
  .default(0)
  .describe(
    'After the last epoch, the running statistics of batch normalisation are measured anew on so many training ' +
      'videos at full fidelity; 0: they stay as trained.',
  );

export const batchNorm = z
  .enum(['train', 'frozen', 'frozen-affine'])
  .default('train')
  .describe(
    'Batch normalisation while training. train: by the statistics of the batch; frozen: by the running ones, which ' +
      'stay as they are; frozen-affine: scale and offset stay as they are too.',
  );
