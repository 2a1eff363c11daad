import { existsSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { UsageError } from '../../src/system/errors.js';
import { readJson, writeFileAtomic } from '../../src/system/files/files.js';
import type { SamplingResult } from './result.js';

const file = 'docs/sampler-results.json';

const schema = z.array(
  z.strictObject({
    data: z.string(),
    arm: z.string(),
    seed: z.int(),
    step_seconds: z.number(),
    loss: z.number(),
    curve: z.array(z.object({ step: z.number(), value: z.number(), loss: z.number() })).min(1),
  }),
);

/** The results so far. */
export function readSamplingResults(): SamplingResult[] {
  if (!existsSync(file)) return [];
  const { data, error } = schema.safeParse(readJson(file, 'results'));
  if (!data) throw new UsageError(`${file}: ${error.message}`);
  return data;
}

/** Enters a result, in the place of the one of the same data, sampler and seed. */
export async function recordSampling(result: SamplingResult): Promise<void> {
  const same = (one: SamplingResult) => one.data === result.data && one.arm === result.arm && one.seed === result.seed;
  const results = [...readSamplingResults().filter((one) => !same(one)), result];
  const style = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileAtomic(file, await format(JSON.stringify(results), style));
}
