import { z } from 'zod';
import { count, fraction, positive } from './number-kinds.js';
import { trainingKeys } from './training-keys.js';

/** `head`, stage 3: a fresh head on features of the frozen encoder. */
export const headSchema = z.strictObject({
  ...trainingKeys({ epochs: 10, batch: 16, lr: 4e-3, lrSteps: [5], lrGamma: 0.1, clipNorm: 0, microBatch: null }),
  optimizer: z
    .enum(['adam', 'adamw'])
    .default('adam')
    .describe('adamw: decoupled weight decay, none of biases, norms and scales.'),
  windows: z
    .enum(['grid', 'random'])
    .default('grid')
    .describe(
      'What is trained on. grid: the windows that detection sees; random: of each video and epoch one at a random place, of a video that is no longer than it nine tenths or more.',
    ),
  views: count
    .default(1)
    .describe(
      'Views of each training video, of which every epoch sees one: the first is what detection sees, `extract` makes others by cutting at random, `data.flip` and `data.colorJitter`.',
    ),
  validateEvery: count.default(1).describe('Epochs between validations; the best by mAP is kept.'),
  classifier: z
    .strictObject({
      epochs: count.default(60).describe('Epochs over the training instances.'),
      lr: positive.default(1e-3).describe('Adam rate.'),
      weightDecay: z.number().min(0).default(1e-3).describe('L2 of the weights.'),
      dropout: fraction.default(0.3).describe('Of the input features.'),
      jitter: fraction.default(0.15).describe('Instances are moved at either end by up to this part of their length.'),
    })
    .prefault({})
    .describe('Labels of proposals: a softmax over the mean features of a segment.'),
});
