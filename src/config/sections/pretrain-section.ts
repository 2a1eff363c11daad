import { z } from 'zod';
import { count, fraction, part, positive } from './number-kinds.js';
import { samplerKey, samplerTypes } from './sampler-section.js';
import { batchNorm, reestimate, trainingKeys } from './training-keys.js';

/**
 * Multigrid (Wu et al., CVPR 2020; docs/method.md §5): training starts with coarse shapes in large batches. Factors of
 * a shape multiply encoder.frames and pretrain.size.
 */
const multigrid = z
  .strictObject({
    longCycle: z
      .boolean()
      .default(true)
      .describe(
        'Use the shapes of longFactors in turn, once in every plateau of the learning rate; the last plateau has ' +
          'only the last shape.',
      ),
    shortCycle: z
      .boolean()
      .default(true)
      .describe('Cycle through shortFactors and the shape of the long cycle from batch to batch.'),
    epochFactor: positive.default(1.5).describe('Factor from `epochs` to the epochs of the whole schedule.'),
    longFactors: z
      .array(
        z.strictObject({
          frames: part.describe('Frames of a clip, as a fraction of encoder.frames.'),
          size: part.describe('Side of the square frames, as a fraction of pretrain.size.'),
        }),
      )
      .min(1)
      .default([
        { frames: 1 / 4, size: Math.SQRT1_2 },
        { frames: 1 / 2, size: Math.SQRT1_2 },
        { frames: 1 / 2, size: 1 },
        { frames: 1, size: 1 },
      ])
      .describe(
        'Shapes of the long cycle, in order; batch and learning rate grow by the factor by which a clip shrinks.',
      ),
    shortFactors: z
      .array(part)
      .min(1)
      .default([1 / 2, Math.SQRT1_2])
      .describe(
        'Sides of the short cycle, as fractions of pretrain.size, at most that of the long shape; only the batch ' +
          'grows.',
      ),
    batchNormBase: count.default(8).describe('Clips that are normalised together, in the shape of the long cycle.'),
  })
  .refine(
    ({ longCycle, shortCycle }) => longCycle || shortCycle,
    'neither longCycle nor shortCycle is on: set multigrid to null',
  );

/** Colour noise (Krizhevsky et al. 2012, §4.1; docs/method.md §15.2), one draw for all frames of a sample. */
const pcaColor = z.strictObject({
  sd: positive.default(0.1).describe('Standard deviation of the draws.'),
  scale: z
    .enum(['stdev', 'eigenvalue'])
    .default('stdev')
    .describe(
      'What the draw along a component is multiplied by, for pixels in 0..1. stdev: the standard deviation of the ' +
        'colours along it; eigenvalue: their variance, which makes the noise much weaker.',
    ),
  lastEpochs: z.int().min(0).default(0).describe('Epochs at the end without noise.'),
});

/** `pretrain`: stage 1, which trains encoder and classifier on trimmed clips. */
export const pretrainSchema = z.strictObject({
  ...trainingKeys({
    epochs: 50,
    batch: 128,
    lr: 0.02,
    lrSteps: [20, 40],
    lrGamma: 0.1,
    clipNorm: 20,
    microBatch: null,
  }),
  epochs: z
    .int()
    .min(0)
    .default(50)
    .describe('Passes over the training clips; 0: no training, the encoder is that of encoder.weights.'),
  sampler: samplerKey(samplerTypes),
  optimizer: z
    .enum(['sgd', 'adam', 'alexnet'])
    .default('sgd')
    .describe(
      'sgd: SGD; adam learns small datasets from random weights much faster; alexnet: SGD with the rate inside the ' +
        'velocity, as AlexNet was trained.',
    ),
  momentum: fraction.default(0.9).describe('Momentum of sgd and alexnet.'),
  size: count.default(224).describe('Side of the square frames, in pixels.'),
  sampling: z
    .enum(['dense', 'uniform'])
    .default('dense')
    .describe('Frames of a clip. dense: encoder.stride apart, at a random place; uniform: spread over the whole clip.'),
  dropout: fraction.default(0.5).describe('Dropout before the classifier.'),
  classifierLr: positive
    .default(5)
    .describe("Factor on the learning rate of the classifier's weight; twice that for its bias."),
  mixup: z
    .number()
    .min(0)
    .max(4)
    .default(0)
    .describe('α of mixup, which blends samples in pairs with shares from Beta(α, α); 0: no mixup.'),
  pcaColor: pcaColor
    .nullable()
    .default(null)
    .describe("AlexNet's colour noise along the principal components of the training clips' colours; null: none."),
  views: z
    .strictObject({
      clips: count.default(1).describe('Samples of a clip, evenly spaced in time.'),
      crops: z
        .literal([1, 3, 10])
        .default(1)
        .describe(
          'Crops of each sample. 1: the centre crop at `size`; 3: three squares of the scaled short side, spread ' +
            'along the long side; 10: the four corners and the centre at `size`, and their mirror images (without ' +
            'data.flip only the five).',
        ),
    })
    .prefault({})
    .describe(
      'Views of a clip whose logits are averaged in a further validation after the last epoch (10 × 3 in the ' +
        'literature).',
    ),
  transfer: z
    .enum(['all', 'top', 'top3'])
    .default('all')
    .describe(
      'Which layers are trained. all: encoder and classifier; top: the classifier alone; top3: the classifier and the ' +
        'last two blocks of the encoder. With top and top3 the encoder is normalised by its running statistics, which ' +
        'do not change, whatever batchNorm says.',
    ),
  batchNorm,
  reestimate,
  multigrid: multigrid.nullable().default(null).describe('Multigrid training; null: one shape throughout.'),
});
