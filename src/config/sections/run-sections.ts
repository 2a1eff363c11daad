import { z } from 'zod';
import { count, part, positive } from './number-kinds.js';

/** `checkpoint`: when a training stage writes a checkpoint, besides one at each new best and one at its end. */
export const checkpointSchema = z.strictObject({
  everyMinutes: positive.default(5).describe('Minutes between checkpoints, and between writes of `extract`.'),
  everySteps: count.nullable().default(null).describe('Optimiser steps between checkpoints; null: by time only.'),
  keepLast: count.default(2).describe('Number of newest checkpoints of a stage that are kept, besides the best.'),
  keepEvery: count
    .nullable()
    .default(null)
    .describe('Checkpoints at multiples of this number of steps are never deleted; null: none.'),
});

/** `training`: how every training stage treats divergence. */
export const trainingSchema = z.strictObject({
  onDivergence: z
    .enum(['stop', 'rollback'])
    .default('stop')
    .describe(
      'When the loss is not finite: stop with an error, or go back to the newest checkpoint and go on at a lower ' +
        'learning rate.',
    ),
  rollbackFactor: part
    .lt(1)
    .default(0.5)
    .describe('Factor on the learning rate for each rollback, until the end of the stage.'),
  maxRollbacks: count.default(3).describe('Largest number of rollbacks in a stage; after that it stops with an error.'),
});

/** `engine`: how the engine runs the ops of networks. */
export const engineSchema = z.strictObject({
  capture: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Whether steps that repeat run as one call of TensorFlow, with the same results: auto: where it is faster; ' +
        'on: wherever it is possible; off: never.',
    ),
});

/** `notify`: the program that is told how a command ended. */
export const notifySchema = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Program and arguments to start (without a shell) when a stage or `run` is done, has failed or was stopped. ' +
        'The outcome (JSON) is added as the last argument. null: none.',
    ),
});
