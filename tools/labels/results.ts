import { existsSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { UsageError } from '../../src/system/errors.js';
import { readJson, writeFileAtomic } from '../../src/system/files/files.js';

const file = 'docs/few-labels-results.json';

const schema = z.array(
  z.strictObject({
    data: z.string(),
    arm: z.string(),
    /** Share of the training videos whose labels were given. */
    share: z.number(),
    seed: z.int(),
    videos: z.int(),
    instances: z.int(),
    /** Classes that the labelled videos have. */
    classes: z.int(),
    /** A fraction. */
    average_mAP: z.number(),
    /** Optimiser steps of the head. */
    steps: z.int(),
  }),
);

/** A head that was trained on the labels of some of the training videos. */
export type LabelsResult = z.output<typeof schema>[number];

/** The results so far. */
export function readLabelsResults(): LabelsResult[] {
  if (!existsSync(file)) return [];
  const { data, error } = schema.safeParse(readJson(file, 'results'));
  if (!data) throw new UsageError(`${file}: ${error.message}`);
  return data;
}

/** Enters a result, in the place of the one of the same data, arm, share and seed. */
export async function recordLabels(result: LabelsResult): Promise<void> {
  const keyOf = ({ data, arm, share, seed }: LabelsResult) => JSON.stringify([data, arm, share, seed]);
  const results = [...readLabelsResults().filter((one) => keyOf(one) !== keyOf(result)), result];
  const style = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileAtomic(file, await format(JSON.stringify(results), style));
}
