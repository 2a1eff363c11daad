import { existsSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { UsageError } from '../../src/system/errors.js';
import { readJson, writeFileAtomic } from '../../src/system/files/files.js';

const file = 'docs/classic-results.json';

const rates = z.object({ hit1: z.number(), hit3: z.number(), hit5: z.number() });
const schema = z.array(
  z.strictObject({
    arm: z.string(),
    seed: z.int(),
    clip: rates,
    video: rates,
    /** Seconds of the encoder for one clip. */
    clip_seconds: z.number(),
  }),
);

/** A network that was trained on trimmed clips with one seed, and evaluated. */
export type ClassicResult = z.output<typeof schema>[number];

/** The results so far. */
export function readClassicResults(): ClassicResult[] {
  if (!existsSync(file)) return [];
  const { data, error } = schema.safeParse(readJson(file, 'results'));
  if (!data) throw new UsageError(`${file}: ${error.message}`);
  return data;
}

/** Enters a result, in the place of the one of the same network and seed. */
export async function recordClassic(result: ClassicResult): Promise<void> {
  const others = readClassicResults().filter(({ arm, seed }) => arm !== result.arm || seed !== result.seed);
  const style = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileAtomic(file, await format(JSON.stringify([...others, result]), style));
}
