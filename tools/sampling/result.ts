import path from 'node:path';
import { z } from 'zod';
import { readMetrics } from '../../src/checkpoints/metrics.js';
import { mean } from '../results/statistics.js';

/** The training of one stage with one sampler. */
export interface SamplingResult {
  readonly data: string;
  readonly arm: string;
  readonly seed: number;
  /** Seconds from step to step, with choosing and learning: their mean. Validations do not count. */
  readonly step_seconds: number;
  /** Mean loss of the last tenth of the steps, without weights, of the items that the sampler chose. */
  readonly loss: number;
  /**
   * Validations in order: the steps until then, a fraction (average mAP, or top-1), and the mean loss, without weights,
   * of the steps since the one before.
   */
  readonly curve: readonly { readonly step: number; readonly value: number; readonly loss: number }[];
}

const stepSchema = z.object({
  stage: z.string(),
  step: z.number(),
  epoch: z.number(),
  loss: z.number(),
  time: z.iso.datetime(),
});
const validationSchema = z.object({ stage: z.string(), step: z.number(), metrics: z.record(z.string(), z.number()) });

/** Reads what a stage has logged. */
export function samplingResult(
  file: string,
  stage: string,
  metric: string,
  of: Pick<SamplingResult, 'data' | 'arm' | 'seed'>,
): SamplingResult {
  const records = readMetrics(path.resolve(file)).filter((record) => record.stage === stage);
  const steps = records.flatMap((record) => stepSchema.safeParse(record).data ?? []);
  const curve = records
    .flatMap((record) => validationSchema.safeParse(record).data ?? [])
    .map(({ step, metrics }, i, all) => {
      const since = steps.filter((one) => one.step <= step && one.step > (all[i - 1]?.step ?? 0));
      return { step, value: metrics[metric]!, loss: meanLoss(since) };
    });
  const last = steps.slice(-Math.ceil(steps.length / 10));
  return {
    ...of,
    step_seconds: Number(mean(secondsBetween(steps)).toFixed(4)),
    loss: meanLoss(last),
    curve,
  };
}

const meanLoss = (steps: readonly { loss: number }[]): number => Number(mean(steps.map(({ loss }) => loss)).toFixed(5));

/** Seconds between consecutive steps of an epoch. Between epochs the model is validated. */
function secondsBetween(steps: readonly z.output<typeof stepSchema>[]): number[] {
  return steps.slice(1).flatMap(({ epoch, time }, i) => {
    const before = steps[i]!;
    return before.epoch === epoch ? [(Date.parse(time) - Date.parse(before.time)) / 1000] : [];
  });
}
