import { z } from 'zod';
import { count, fraction, part, shape } from './number-kinds.js';
import { fidelities } from './low-fidelity.js';
import { batchNorm, reestimate, trainingKeys } from './training-keys.js';

/** `joint`, stage 2 (LoFi): encoder and head together at low fidelity. */
export const jointSchema = z.strictObject({
  ...trainingKeys({ epochs: 15, batch: 16, lr: 0.1, lrSteps: [5, 10], lrGamma: 0.5, clipNorm: 0, microBatch: 4 }),
  optimizer: z
    .enum(['sgd', 'adamw'])
    .default('sgd')
    .describe('adamw: Adam with decoupled weight decay, none of biases, norms and scales.'),
  momentum: fraction.default(0).describe('Of SGD.'),
  fidelity: z
    .enum(fidelities)
    .nullable()
    .default(null)
    .describe(
      'Shapes of a quarter of `full`: s (half its size), t (a quarter of its snippets), st (half of them, size/√2); long, short: all three in turn. null: long, or `shapes`.',
    ),
  shapes: z
    .array(shape)
    .min(1)
    .nullable()
    .default(null)
    .describe('Other low-fidelity shapes, in the order of the cycle; null: those of `fidelity`.'),
  cycle: z
    .strictObject({
      unit: z
        .enum(['epoch', 'batch'])
        .nullable()
        .default(null)
        .describe('Long cycle: epochs; short cycle: batches, counted over the whole run. null: as `fidelity` says.'),
      length: count.nullable().default(null).describe('Units before the next shape; null: 1 epoch, 16 batches.'),
    })
    .prefault({})
    .describe('When the shape changes.'),
  batchNorm,
  classes: z
    .boolean()
    .default(true)
    .describe(
      'The pyramid names the actions that it finds; false: it only finds them, as the paper’s head does, so that no scene can stand for a class.',
    ),
  blend: part
    .default(1)
    .describe(
      'How far from the encoder of stage 1 to the trained one later stages go: weights in between. 1: all the way; less where few videos make it forget what it knew.',
    ),
  reestimate,
  gradient: z
    .enum(['tape', 'chunked'])
    .default('tape')
    .describe(
      'How the encoder is differentiated. tape: in one pass, kept until the head has answered; chunked: `chunk` snippets at a time, encoded a second time: any L and size in little memory, for a third more time.',
    ),
  chunk: count
    .default(10)
    .describe(
      'Snippets through the encoder at once where gradient is chunked; where batchNorm is train they are normalised by their own statistics.',
    ),
});
