/**
 * Recomputes golden values with the project's own functions:
 *
 *   npx tsx tools/fixtures.ts FILE
 *
 * FILE is JSON in the form of test/fixtures/{aggregators,importance,alexnet-sgd,lrn,lstm}.json, with any of their keys,
 * of any sizes. Prints one JSON object with the same keys: the largest error of the key's values, each relative to the
 * largest of its vector or matrix, or null for a key that is not known here or whose inputs the file lacks. Golden
 * values are rounded to ten digits, which is an error of about 1e-10; `lrn` and `peepholeLstm` are computed by the
 * engine in float32, which is one of about 1e-7. `note` is words. A file without this form: one line, exit code 2.
 */
import { z } from 'zod';
import { startEngine } from '../src/engine/backend.js';
import { UsageError } from '../src/system/errors.js';
import { readJson } from '../src/system/files/files.js';
import { printJson, say } from '../src/system/say.js';
import { alexnetSgdGroup } from './fixtures/alexnet-sgd-group.js';
import { arpGroup } from './fixtures/arp-group.js';
import { classicGroup } from './fixtures/classic-group.js';
import { largestError, type GoldenGroup } from './fixtures/golden.js';
import { importanceGroup } from './fixtures/importance-group.js';
import { lrnGroup } from './fixtures/lrn-group.js';
import { lstmGroup } from './fixtures/lstm-group.js';
import { rankGroup } from './fixtures/rank-group.js';
import { softGroup } from './fixtures/soft-group.js';
import { trajectoryGroup } from './fixtures/trajectory-group.js';
import { runTool } from './run-tool.js';

/** How each key is recomputed. */
const groups: Readonly<Record<string, GoldenGroup>> = {
  rankPool: rankGroup,
  arp: arpGroup,
  softAgg: softGroup,
  classicAgg: classicGroup,
  importance: importanceGroup,
  alexnetSgd: alexnetSgdGroup,
  lrn: lrnGroup,
  peepholeLstm: lstmGroup,
  movingMnistTrajectory: trajectoryGroup,
};

/** The keys that the engine computes. */
const onEngine = ['lrn', 'peepholeLstm'];

await runTool(async () => {
  const [name, ...more] = process.argv.slice(2);
  if (name === undefined || more.length > 0) throw new UsageError('usage: tools/fixtures.ts FILE');
  const content = z.record(z.string(), z.unknown()).safeParse(readJson(name, 'golden values'));
  if (!content.success) throw new UsageError(`golden values: not an object: ${name}`);
  if (onEngine.some((key) => key in content.data)) await startEngine();
  printJson(errorsOf(content.data, name));
});

function errorsOf(file: Readonly<Record<string, unknown>>, name: string): Record<string, number | null> {
  const keys = Object.keys(file).filter((key) => key !== 'note');
  return Object.fromEntries(
    keys.map((key) => {
      const group = Object.hasOwn(groups, key) ? groups[key] : undefined;
      if (!group) return [key, null];
      try {
        const comparisons = group(file[key], file);
        if (!comparisons) say(`${key}: the file lacks what it is computed from`);
        return [key, comparisons && largestError(comparisons)];
      } catch (error) {
        throw error instanceof UsageError ? new UsageError(`${name}: ${error.message}`) : error;
      }
    }),
  );
}
