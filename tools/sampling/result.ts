import path from 'node:path';
import { z } from 'zod';
import { readMetrics } from '../../src/checkpoints/metrics.js';
import { median } from '../bench/figures.js';

/** The training of one stage with one sampler. */
export interface SamplingResult {
  readonly data: string;
  readonly arm: string;
  readonly seed: number;
  /** Seconds of a step: their median. */
  readonly step_seconds: number;
  /** Mean loss of the last tenth of the steps, without weights, of the items that the sampler chose. */
  readonly loss: number;
  /** Validations in order: a fraction (average mAP, or top-1), and the steps until then. */
  readonly curve: readonly { readonly step: number; readonly value: number }[];
}

const stepSchema = z.object({ stage: z.string(), step: z.number(), loss: z.number(), seconds: z.number() });
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
    .map(({ step, metrics }) => ({ step, value: metrics[metric]! }));
  const last = steps.slice(-Math.ceil(steps.length / 10));
  return {
    ...of,
    step_seconds: median(steps.map(({ seconds }) => seconds)),
    loss: Number((last.reduce((sum, { loss }) => sum + loss, 0) / last.length).toFixed(5)),
    curve,
  };
}
