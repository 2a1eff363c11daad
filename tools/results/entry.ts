import { existsSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../../src/system/errors.js';
import { readJson } from '../../src/system/files.js';

const entrySchema = z.strictObject({
  experiment: z.string().min(1),
  dataset: z.string().min(1),
  subset: z.string().min(1),
  config: z.string().min(1).describe('The configuration file that the command names.'),
  command: z.string().min(1).describe('What was typed, with DIR for paths of the machine.'),
  seed: z.int(),
  tiou: z.array(z.number()).min(1),
  mAP: z.array(z.number()).min(1).describe('Fractions, one a threshold of tiou.'),
  average_mAP: z.number(),
  train_seconds: z.number().nonnegative().describe('All optimiser steps of all stages, waiting for data included.'),
  peak_gib: z.number().nonnegative().describe('Largest resident size of the process at the end of a step.'),
  date: z.iso.date(),
});

/** One measured result, as `docs/results.json` keeps it. */
export type ResultEntry = z.output<typeof entrySchema>;

/** Reads the results; none when there is no file. Throws {@link UsageError} naming file and field. */
export function readResults(file: string): ResultEntry[] {
  if (!existsSync(file)) return [];
  const parsed = z.array(entrySchema).safeParse(readJson(file, 'results'));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UsageError(`${file}: ${path.join('.')}: ${message}`);
}
