import { existsSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { UsageError } from '../../src/system/errors.js';
import { readJson, writeFileAtomic } from '../../src/system/files/files.js';

/** The results of a comparison, which a file of `docs/` keeps as a JSON array. */
export interface ResultList<R> {
  /**
   * The results so far.
   *
   * @throws UsageError when the file holds something else.
   */
  read: () => R[];
  /** Enters a result, in the place of the one of the same key. */
  record: (result: R) => Promise<void>;
}

/**
 * The results in a file.
 *
 * @param keyOf - What tells two results apart.
 */
export function resultList<R>(file: string, schema: z.ZodType<R>, keyOf: (result: R) => unknown[]): ResultList<R> {
  const read = (): R[] => {
    if (!existsSync(file)) return [];
    const { data, error } = z.array(schema).safeParse(readJson(file, 'results'));
    if (!data) throw new UsageError(`${file}: ${error.message}`);
    return data;
  };
  return {
    read,
    async record(result) {
      const key = JSON.stringify(keyOf(result));
      const others = read().filter((one) => JSON.stringify(keyOf(one)) !== key);
      const style = { ...(await resolveConfig(file)), parser: 'json' };
      writeFileAtomic(file, await format(JSON.stringify([...others, result]), style));
    },
  };
}
