import { z } from 'zod';
import { count, part, positive } from './number-kinds.js';

/** When a training stage keeps a checkpoint, beside one with each new best and one at its end. */
export const checkpointSchema = z.strictObject({
  everyMinutes: positive.default(5).describe('Minutes of work between checkpoints; `extract` writes as often.'),
  everySteps: count.nullable().default(null).describe('Optimiser steps between checkpoints; null: by time only.'),
  keepLast: count.default(2).describe('Newest checkpoints of a stage that are kept, beside the best.'),
  keepEvery: count.nullable().default(null).describe('Those at multiples of so many steps stay for good; null: none.'),
});

/** `training`: how every training stage treats divergence. */
export const trainingSchema = z.strictObject({
  onDivergence: z
    .enum(['stop', 'rollback'])
    .default('stop')
    .describe('When the loss is not finite: stop, or go back to the newest checkpoint and on at a lower rate.'),
  rollbackFactor: part
    .lt(1)
    .default(0.5)
    .describe('Factor on the learning rate at each rollback, to the end of the stage.'),
  maxRollbacks: count.default(3).describe('Rollbacks of a stage before it stops all the same.'),
});

/** `notify`: who is told how a command ended. */
export const notifySchema = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Program and arguments to start, without a shell, when a stage or `run` has ended, failed or was stopped; the outcome is its last argument (JSON).',
    ),
});
