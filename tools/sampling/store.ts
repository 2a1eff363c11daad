import { z } from 'zod';
import { resultList } from '../results/result-list.js';
import type { SamplingResult } from './result.js';

const schema = z.strictObject({
  data: z.string(),
  arm: z.string(),
  seed: z.int(),
  step_seconds: z.number(),
  loss: z.number(),
  curve: z.array(z.object({ step: z.number(), value: z.number(), loss: z.number() })).min(1),
});

/** The results so far, and a way to enter one in the place of the one of the same training. */
export const { read: readSamplingResults, record: recordSampling } = resultList<SamplingResult>(
  'docs/sampler-results.json',
  schema,
  ({ data, arm, seed }) => [data, arm, seed],
);
