import { z } from 'zod';
import { count } from '../sections/number-kinds.js';
import { trainingKeys } from '../sections/training-keys.js';

/**
 * `pretext`: the stage before stage 1, which trains an LSTM on video without labels (Srivastava et al., ICML 2015;
 * docs/pretext.md). Units and layers of the LSTM are those of `model.lstm`.
 */
export const pretextSchema = z.strictObject({
  ...trainingKeys({ epochs: 100, batch: 64, lr: 1e-3, lrSteps: [], lrGamma: 0.1, clipNorm: 5, microBatch: null }),
  optimizer: z
    .enum(['adam', 'adamw'])
    .default('adam')
    .describe('adamw: Adam with decoupled weight decay; biases and peepholes do not decay.'),
  data: z
    .enum(['features', 'patches', 'glyphs'])
    .default('features')
    .describe(
      'What the LSTM sees at a step. features: the feature of a snippet, by the encoder as it was given or as published ' +
        '(data.features), of the training videos and of data.unlabelled; patches: a square of `patch` pixels of a ' +
        'frame of these videos; glyphs: a frame in which digits move, which is made up.',
    ),
  task: z
    .enum(['autoencoder', 'future', 'composite'])
    .default('composite')
    .describe(
      'What is learnt from the state after `past` steps. autoencoder: these steps, in reverse; future: the `future` ' +
        'steps behind them; composite: both.',
    ),
  conditional: z
    .boolean()
    .default(false)
    .describe('Whether a decoder sees the step before the one that it is to give: in training the true one.'),
  past: z.int().min(2).default(16).describe('Steps that the LSTM reads.'),
  future: count.default(13).describe('Steps that are predicted.'),
  patch: z.int().min(4).max(128).default(32).describe('Side of a patch in pixels, for data: patches.'),
  short: z
    .int()
    .min(4)
    .default(128)
    .describe('Short side in pixels to which frames are scaled before a patch is cut out; at least `patch`.'),
  canvas: z.int().min(16).max(128).default(64).describe('Side of a frame in pixels, for data: glyphs.'),
  digits: count.max(4).default(2).describe('Digits in a frame, for data: glyphs.'),
  mnist: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'File of digits in the format of MNIST (train-images-idx3-ubyte), for data: glyphs; relative to data.root. null: ' +
        'own ones of 5×7 dots.',
    ),
  sequences: count
    .default(10000)
    .describe('Sequences in an epoch, for data: glyphs. Videos are seen by as many as would fill them.'),
});

/** The values of `pretext` where the stage is part of the run. */
export type PretextOptions = z.output<typeof pretextSchema>;
