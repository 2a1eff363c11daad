import { existsSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../../src/system/errors.js';
import { readJson } from '../../src/system/files/files.js';

const made = {
  experiment: z.string().min(1),
  dataset: z.string().min(1),
  config: z.string().min(1).describe('The configuration file that the command names.'),
  command: z.string().min(1).describe('The command line, with DIR instead of paths of the machine.'),
  seed: z.int(),
  train_seconds: z.number().nonnegative().describe('All optimiser steps of all stages, waiting for data included.'),
  peak_gib: z.number().nonnegative().describe('Largest resident size of the process at the end of a step.'),
  date: z.iso.date(),
};
const entrySchema = z.strictObject({
  ...made,
  subset: z.string().min(1),
  tiou: z.array(z.number()).min(1),
  mAP: z.array(z.number()).min(1).describe('Fractions, one for each threshold of tiou.'),
  average_mAP: z.number(),
  baseline: z.string().min(1).optional().describe('The experiment that this one is compared with, seed by seed.'),
});
const accuracy = z.number().min(0).max(1);
const clipEntrySchema = z.strictObject({ ...made, top1: accuracy, top5: accuracy });

/** One measured result, an entry of `docs/results.json`. */
export type ResultEntry = z.output<typeof entrySchema>;

/** Accuracy of stage 1 on validation clips after its last epoch, an entry of `docs/clip-results.json`. */
export type ClipEntry = z.output<typeof clipEntrySchema>;

/**
 * Reads the results of stage 1.
 *
 * @throws UsageError as {@link readResults} does.
 */
export const readClipResults = (file: string): ClipEntry[] => readEntries(file, clipEntrySchema);

/**
 * Reads the results; none when there is no file.
 *
 * @throws UsageError naming file and field.
 */
export const readResults = (file: string): ResultEntry[] => readEntries(file, entrySchema);

function readEntries<T>(file: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(file)) return [];
  const parsed = z.array(schema).safeParse(readJson(file, 'results'));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UsageError(`${file}: ${path.join('.')}: ${message}`);
}
