import { parseArgs } from 'node:util';
import { UsageError } from '../../../src/system/errors.js';

/** What every toy can be asked. */
export interface ToyArguments {
  /** 0 to one less than `--seeds`. */
  readonly seeds: readonly number[];
  /** Whether results are printed as one JSON array. */
  readonly json: boolean;
  /** The SVG file to draw, if any. */
  readonly plot: string | undefined;
}

/**
 * Reads `[--seeds N] [--json] [--plot FILE.svg]`.
 *
 * @throws UsageError if N is not a whole number above 0, or an option is unknown.
 */
export function toyArguments(args: readonly string[], seeds: number): ToyArguments {
  const { values } = parsed(args);
  const count = values.seeds === undefined ? seeds : Number(values.seeds);
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`--seeds: not a count: ${values.seeds ?? ''}`);
  return { seeds: Array.from({ length: count }, (_, seed) => seed), json: values.json, plot: values.plot };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        json: { type: 'boolean', default: false },
        plot: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
