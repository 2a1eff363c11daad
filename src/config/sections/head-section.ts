import { z } from 'zod';
import { count, fraction, positive } from './number-kinds.js';
import { featureSamplerTypes, samplerKey } from './sampler-section.js';
import { trainingKeys } from './training-keys.js';

/** `head`: stage 3, which trains a fresh head on features of the frozen encoder. */
export const headSchema = z.strictObject({
  ...trainingKeys({ epochs: 10, batch: 16, lr: 4e-3, lrSteps: [5], lrGamma: 0.1, clipNorm: 0, microBatch: null }),
  sampler: samplerKey(featureSamplerTypes),
  optimizer: z
    .enum(['adam', 'adamw'])
    .default('adam')
    .describe('adamw: Adam with decoupled weight decay; biases, norms and scales do not decay.'),
  windows: z
    .enum(['grid', 'all', 'random'])
    .default('grid')
    .describe(
      'Windows to train on. grid: those that detection uses, where they hold an instance; all: the others too; random: in each epoch one at a random place of each ' +
        'video, or, where the video is shorter than a window, at least nine tenths of the video.',
    ),
  views: count
    .default(1)
    .describe(
      'Number of views of each training video; an epoch sees one of them, drawn at random. The first is the view ' +
        'that detection sees; `extract` makes the others by random crops, `data.flip` and `data.colorJitter`.',
    ),
  validateEvery: count.default(1).describe('Epochs between validations; the checkpoint with the best mAP is kept.'),
  classifier: z
    .strictObject({
      epochs: count.default(60).describe('Passes over the training instances.'),
      lr: positive.default(1e-3).describe('Learning rate of Adam.'),
      weightDecay: z.number().min(0).default(1e-3).describe('L2 penalty on the weights.'),
      dropout: fraction
        .default(0.3)
        .describe('Dropout of the input features; of an LSTM also of the outputs of its layers.'),
      jitter: fraction
        .default(0.15)
        .describe("Largest random shift of an instance's start and end, as a fraction of its length."),
      sampler: samplerKey(featureSamplerTypes),
    })
    .prefault({})
    .describe('Training of the classifier of segments, which labels proposals (segments).'),
});
