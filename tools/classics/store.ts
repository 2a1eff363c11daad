import { z } from 'zod';
import { resultList } from '../results/result-list.js';

const rates = z.object({ hit1: z.number(), hit3: z.number(), hit5: z.number() });
const schema = z.strictObject({
  arm: z.string(),
  seed: z.int(),
  clip: rates,
  video: rates,
  /** Seconds of the encoder for one clip. */
  clip_seconds: z.number(),
});

/** A network that was trained on trimmed clips with one seed, and evaluated. */
export type ClassicResult = z.output<typeof schema>;

/** The results so far, and a way to enter one in the place of the one of the same training. */
export const { read: readClassicResults, record: recordClassic } = resultList<ClassicResult>(
  'docs/classic-results.json',
  schema,
  ({ arm, seed }) => [arm, seed],
);
