import Table from 'cli-table3';
import { print, printJson } from '../../../src/system/say.js';
import { deviation, mean } from '../../results/statistics.js';

/** The accuracy of one arm of a toy with one seed; further keys say of what. */
export interface ToyResult {
  readonly arm: string;
  readonly seed: number;
  /** 0 to 1, on the test set. */
  readonly accuracy: number;
}

/** The mean accuracy over the seeds, and its sample standard deviation, which is null where there is one seed. */
export interface ToyMean {
  readonly mean: number;
  readonly deviation: number | null;
}

/** The results with equal keys, over their seeds, in the order of the results. */
export function overSeeds<Result extends ToyResult>(
  results: readonly Result[],
  keyOf: (result: Result) => string,
): Map<string, ToyMean> {
  const groups = new Map<string, number[]>();
  for (const result of results) groups.set(keyOf(result), [...(groups.get(keyOf(result)) ?? []), result.accuracy]);
  return new Map(
    [...groups].map(([key, list]) => [key, { mean: mean(list), deviation: list.length > 1 ? deviation(list) : null }]),
  );
}

/**
 * Prints results to stdout: with `json` as one array, otherwise as a table with a row for each value of `rowOf`, a
 * column for each arm, and mean ± standard deviation over the seeds in its cells.
 */
export function printToy<Result extends ToyResult>(
  results: readonly Result[],
  rowOf: (result: Result) => string,
  json: boolean,
): void {
  if (json) {
    printJson(results);
    return;
  }
  const rows = [...new Set(results.map(rowOf))];
  const arms = [...new Set(results.map(({ arm }) => arm))];
  const cells = overSeeds(results, (result) => JSON.stringify([rowOf(result), result.arm]));
  const table = new Table({ head: ['', ...arms], style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([row, ...arms.map((arm) => cellOf(cells.get(JSON.stringify([row, arm]))))]);
  print(table.toString());
}

function cellOf(cell: ToyMean | undefined): string {
  if (!cell) return '';
  const spread = cell.deviation === null ? '' : ` ± ${cell.deviation.toFixed(3)}`;
  return `${cell.mean.toFixed(3)}${spread}`;
}
