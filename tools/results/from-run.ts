import path from 'node:path';
import { z } from 'zod';
import { readMetrics } from '../../src/checkpoints/metrics.js';
import { differences } from '../../src/config/hash.js';
import { loadConfig } from '../../src/config/load.js';
import { readRunConfig } from '../../src/stages/run/run.js';
import { UsageError } from '../../src/system/errors.js';
import { readJson } from '../../src/system/files/files.js';
import type { ClipEntry, ResultEntry } from './entry.js';

const metricsSchema = z.object({
  subset: z.string(),
  tiou: z.array(z.number()),
  mAP: z.array(z.number()),
  average_mAP: z.number(),
});
const clipSchema = z.object({
  stage: z.literal('pretrain'),
  metrics: z.object({ top1: z.number(), top5: z.number() }),
});
const stepSchema = z.object({
  stage: z.string(),
  loss: z.number(),
  seconds: z.number(),
  rssMiB: z.number(),
  time: z.iso.datetime(),
});

/**
 * The result of a finished run folder, as an entry of `docs/results.json`.
 *
 * @throws UsageError when the run is not finished, or `command` does not give the configuration with which it was made.
 */
export function resultOfRun(
  folder: string,
  { experiment, dataset, command, baseline }: Pick<ResultEntry, 'experiment' | 'dataset' | 'command' | 'baseline'>,
): ResultEntry {
  const { seed, config } = checkedConfig(folder, command);
  const file = path.join(folder, 'metrics.json');
  const metrics = metricsSchema.safeParse(readJson(file, 'metrics'));
  if (!metrics.success) throw new UsageError(`${file}: not a document of \`lofi evaluate --json\``);
  const { subset, tiou, mAP, average_mAP } = metrics.data;
  return {
    ...{ experiment, dataset, subset, config, command, seed, tiou, mAP, average_mAP },
    ...(baseline === undefined ? {} : { baseline }),
    ...costOf(folder),
  };
}

/**
 * The result of stage 1 in a run folder, as an entry of `docs/clip-results.json`.
 *
 * @throws UsageError as {@link resultOfRun} does.
 */
export function clipResultOfRun(
  folder: string,
  { experiment, dataset, command }: Pick<ClipEntry, 'experiment' | 'dataset' | 'command'>,
): ClipEntry {
  const { seed, config } = checkedConfig(folder, command);
  const validations = linesOf(folder, clipSchema);
  const last = validations.at(-1);
  if (!last) throw new UsageError(`${folder}: metrics.jsonl has no validation of stage 1`);
  const { top1, top5 } = last.metrics;
  return { ...{ experiment, dataset, config, command, seed, top1, top5 }, ...costOf(folder, 'pretrain') };
}

/** Time and memory of the steps of a stage, or of all stages. */
function costOf(folder: string, stage?: string): Pick<ResultEntry, 'train_seconds' | 'peak_gib' | 'date'> {
  const steps = linesOf(folder, stepSchema).filter((step) => stage === undefined || step.stage === stage);
  const last = steps.at(-1);
  if (!last) throw new UsageError(`${folder}: metrics.jsonl has no training step`);
  return {
    train_seconds: round(
      steps.reduce((sum, { seconds }) => sum + seconds, 0),
      1,
    ),
    peak_gib: round(Math.max(...steps.map(({ rssMiB }) => rssMiB)) / 1024, 2),
    date: last.time.slice(0, 10),
  };
}

function linesOf<T>(folder: string, schema: z.ZodType<T>): T[] {
  return readMetrics(path.join(folder, 'metrics.jsonl')).flatMap((line) => schema.safeParse(line).data ?? []);
}

/**
 * Seed and configuration file of a run, after checking that `command` gives its configuration: a wrong command beside a
 * result would be worse than none.
 */
function checkedConfig(folder: string, command: string): { seed: number; config: string } {
  const words = (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
  const config = words[words.indexOf('--config') + 1];
  if (!words.includes('--config') || config === undefined) {
    throw new UsageError('the command must name its configuration: --config FILE');
  }
  const overrides = words.flatMap((word, i) => (word === '--set' && words[i + 1] !== undefined ? [words[i + 1]!] : []));
  const made = readRunConfig(folder);
  const { config: named } = loadConfig(config, overrides);
  // The place of the data differs from machine to machine.
  named.data.root = made.data.root;
  const changed = differences(named, made);
  if (changed.length > 0)
    throw new UsageError(`${folder} was not made by this command: ${changed.slice(0, 3).join('; ')}`);
  return { seed: made.seed, config };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
