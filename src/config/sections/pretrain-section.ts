import { z } from 'zod';
import { count, fraction, part, positive } from './number-kinds.js';
import { batchNorm, reestimate, trainingKeys } from './training-keys.js';

/** Multigrid (Wu et al., CVPR 2020): coarse shapes with large batches first. Factors are of encoder.frames and pretrain.size. */
const multigrid = z
  .strictObject({
    longCycle: z
      .boolean()
      .default(true)
      .describe(
        'Go through longFactors once in every plateau of the rate; the last plateau has the last of them only.',
      ),
    shortCycle: z.boolean().default(true).describe('From batch to batch, go through shortFactors and the long shape.'),
    epochFactor: positive.default(1.5).describe('Epochs of the whole schedule, as a factor on `epochs`.'),
    longFactors: z
      .array(
        z.strictObject({
          frames: part.describe('Frames a clip, part of encoder.frames.'),
          size: part.describe('Side of the square frames, part of pretrain.size.'),
        }),
      )
      .min(1)
      .default([
        { frames: 1 / 4, size: Math.SQRT1_2 },
        { frames: 1 / 2, size: Math.SQRT1_2 },
        { frames: 1 / 2, size: 1 },
        { frames: 1, size: 1 },
      ])
      .describe('Shapes of the long cycle, in order; batch and rate grow by what a clip shrinks.'),
    shortFactors: z
      .array(part)
      .min(1)
      .default([1 / 2, Math.SQRT1_2])
      .describe('Sides of the short cycle, parts of pretrain.size, never above the long shape; only the batch grows.'),
    batchNormBase: count.default(8).describe('Clips whose batch statistics are taken together, in the long shape.'),
  })
  .refine(({ longCycle, shortCycle }) => longCycle || shortCycle, 'neither longCycle nor shortCycle: set it to null');

/** `pretrain`, stage 1: encoder and classifier on trimmed clips. */
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
    .describe('Passes over the training clips; 0: no stage 1, the encoder is what encoder.weights gives.'),
  optimizer: z.enum(['sgd', 'adam']).default('sgd').describe('adam: learns small sets from scratch much sooner.'),
  momentum: fraction.default(0.9).describe('Of SGD.'),
  size: count.default(224).describe('Side of the square frames, pixels.'),
  sampling: z.enum(['dense', 'uniform']).default('dense').describe('Frames of a clip: consecutive, or spread over it.'),
  dropout: fraction.default(0.5).describe('Before the classifier.'),
  classifierLr: positive
    .default(5)
    .describe("Factor on the rate of the classifier's weight (twice that for its bias)."),
  mixup: z
    .number()
    .min(0)
    .max(4)
    .default(0)
    .describe('α of mixup: samples are blended in pairs by shares from Beta(α, α); 0: they are not.'),
  views: z
    .strictObject({
      clips: count.default(1).describe('Samples in time, evenly spaced.'),
      crops: z
        .literal([1, 3])
        .default(1)
        .describe('1: the centre at `size`; 3: squares of the short side, before it is cropped, along the long one.'),
    })
    .prefault({})
    .describe('Views a clip whose logits are averaged in a last validation at the end (10 × 3 in the literature).'),
  batchNorm,
  reestimate,
  multigrid: multigrid.nullable().default(null).describe('Train by multigrid; null: one shape all along.'),
});
