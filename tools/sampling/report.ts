import Table from 'cli-table3';
import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../src/report/charts/charts.js';
import { deviation, mean } from '../results/statistics.js';
import type { SamplingResult } from './result.js';

/** Seconds of a step. Other work on the machine makes steps slow: those of the quickest run are what they take. */
const leastSeconds = (results: readonly SamplingResult[]): number =>
  Math.min(...results.map((result) => result.step_seconds));

/** Means and standard deviations over the seeds: the metric at half of the steps, at the end, and what a step takes. */
export function samplingTable(results: readonly SamplingResult[]): string {
  const head = ['data', 'sampler', 'at half of the steps', 'at the end', 'loss at the end', 'ms a step'];
  const table = new Table({ head, style: { head: [], border: [] } });
  const cell = (values: readonly number[], digits: number) =>
    mean(values).toFixed(digits) + (values.length > 1 ? ` ± ${deviation(values).toFixed(digits)}` : '');
  const rows = new Map(results.map(({ data, arm }) => [JSON.stringify([data, arm]), { data, arm }]));
  for (const { data, arm } of rows.values()) {
    const own = results.filter((one) => one.data === data && one.arm === arm);
    const half = own.map(({ curve }) => 100 * curve[Math.ceil(curve.length / 2) - 1]!.value);
    table.push([
      data,
      arm,
      cell(half, 1),
      cell(
        own.map(({ curve }) => 100 * curve.at(-1)!.value),
        1,
      ),
      cell(
        own.map(({ loss }) => loss),
        3,
      ),
      (1000 * leastSeconds(own)).toFixed(0),
    ]);
  }
  return table.toString();
}

/** The metric against steps and against seconds, a row for each kind of data: means over the seeds, as SVG. */
export async function samplingPlot(results: readonly SamplingResult[]): Promise<string> {
  const values = results.flatMap(({ data, arm, curve }) => {
    const seconds = leastSeconds(results.filter((one) => one.data === data && one.arm === arm));
    return curve.map(({ step, value }) => ({ data, arm, step, seconds: step * seconds, value: 100 * value }));
  });
  const panel = (data: string, x: 'step' | 'seconds') => ({
    width: 240,
    height: 160,
    title: data,
    transform: [{ filter: { field: 'data', equal: data } }],
    mark: { type: 'line' as const, point: true },
    encoding: {
      x: { field: x, type: 'quantitative' as const, title: x === 'step' ? 'step' : 'seconds of steps' },
      y: {
        field: 'value',
        aggregate: 'mean' as const,
        type: 'quantitative' as const,
        title: 'average mAP, or top-1, %',
        scale: { zero: false },
      },
      color: { field: 'arm', type: 'nominal' as const, title: null, sort: null },
    },
  });
  const names = [...new Set(results.map(({ data }) => data))];
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    vconcat: names.map((data) => ({ hconcat: [panel(data, 'step'), panel(data, 'seconds')] })),
  };
  return `${await svgOf(spec)}\n`;
}
