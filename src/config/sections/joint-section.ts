import { z } from 'zod';
import { count, fraction, part, shape } from './number-kinds.js';
import { fidelities } from './low-fidelity.js';
import { samplerKey, samplerTypes } from './sampler-section.js';
import { batchNorm, reestimate, trainingKeys } from './training-keys.js';

/** `joint`: stage 2 (LoFi), which trains encoder and head together at low fidelity. */
export const jointSchema = z.strictObject({
  ...trainingKeys({ epochs: 15, batch: 16, lr: 0.1, lrSteps: [5, 10], lrGamma: 0.5, clipNorm: 0, microBatch: 4 }),
  sampler: samplerKey(samplerTypes),
  optimizer: z
    .enum(['sgd', 'adamw'])
    .default('sgd')
    .describe('adamw: Adam with decoupled weight decay; biases, norms and scales do not decay.'),
  momentum: fraction.default(0).describe('Momentum of SGD.'),
  fidelity: z
    .enum(fidelities)
    .nullable()
    .default(null)
    .describe(
      'Low-fidelity shapes, each with a quarter of the pixels of `full`. s: half the size; t: a quarter of the ' +
        'snippets; st: half the snippets, size/√2; long, short: all three in turn. null: long, or `shapes` if that ' +
        'is set.',
    ),
  shapes: z
    .array(shape)
    .min(1)
    .nullable()
    .default(null)
    .describe('Own low-fidelity shapes, in the order of the cycle; null: those of `fidelity`.'),
  cycle: z
    .strictObject({
      unit: z
        .enum(['epoch', 'batch'])
        .nullable()
        .default(null)
        .describe(
          'Unit of the cycle. epoch: long cycle; batch: short cycle, counted over the whole run; null: by `fidelity`.',
        ),
      length: count.nullable().default(null).describe('Units until the next shape; null: 1 epoch, or 16 batches.'),
    })
    .prefault({})
    .describe('When the shape changes from one to the next.'),
  batchNorm,
  classes: z
    .boolean()
    .default(true)
    .describe(
      'The pyramid learns classes; false: it only learns to find actions, as the paper’s head does, so that the ' +
        'encoder cannot learn scenes in place of classes.',
    ),
  blend: part
    .default(1)
    .describe(
      'Position between the encoder at the start (0) and the trained one (1) whose interpolated weights later ' +
        'stages use. Less than 1 can help where few training videos make the encoder forget.',
    ),
  reestimate,
  gradient: z
    .enum(['tape', 'chunked'])
    .default('tape')
    .describe(
      'How the encoder is differentiated. tape: in one pass, whose activations stay in memory until the gradient ' +
        'comes; chunked: `chunk` snippets at a time, each encoded a second time for the gradient, which takes little ' +
        'memory for any shape, and a third more time.',
    ),
  chunk: count
    .default(10)
    .describe(
      'Snippets that go through the encoder at once where gradient is chunked. With batchNorm: train, they are ' +
        'normalised by their own statistics.',
    ),
});
