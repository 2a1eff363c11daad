import Table from 'cli-table3';
import { print, printJson } from '../../../src/system/say.js';
import { deviation, mean } from '../../results/statistics.js';
import type { DigitsResult } from './study-digits.js';

type Figure = Exclude<keyof DigitsResult, 'arm' | 'seed'>;

const columns: Readonly<Record<Figure, string>> = {
  reconstruction: 'reconstruction',
  reconstruction_free: 'by own frames',
  future: 'future',
  future_forced: 'by true frames',
};

/** Prints results to stdout: with `json` as one array, otherwise as means ± standard deviations over the seeds. */
export function printDigits(results: readonly DigitsResult[], json: boolean): void {
  if (json) {
    printJson(results);
    return;
  }
  const arms = [...new Set(results.map(({ arm }) => arm))];
  const table = new Table({ head: ['nats a frame', ...Object.values(columns)], style: { head: [], border: [] } });
  for (const arm of arms) {
    const own = results.filter((result) => result.arm === arm);
    table.push([arm, ...(Object.keys(columns) as Figure[]).map((figure) => cell(own.map((result) => result[figure])))]);
  }
  print(table.toString());
}

function cell(values: readonly (number | null | undefined)[]): string {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0) return '';
  const spread = known.length > 1 ? ` ± ${deviation(known).toFixed(2)}` : '';
  return `${mean(known).toFixed(2)}${spread}`;
}
