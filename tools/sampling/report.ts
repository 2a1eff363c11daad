import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../src/report/charts/charts.js';
import { deviation, mean, pairedDifference, type Difference } from '../results/statistics.js';
import type { SamplingResult } from './result.js';

/** Seconds of a step. Other work on the machine makes steps slow: those of the quickest run are what they take. */
const leastSeconds = (results: readonly SamplingResult[]): number =>
  Math.min(...results.map((result) => result.step_seconds));

/**
 * A Markdown table, means ± standard deviations of the seeds: the metric at half of the steps and at the end, what it
 * is more than with shuffled batches, pair by pair with its 95 % interval, the loss, and milliseconds of a step.
 */
export function samplingTable(results: readonly SamplingResult[]): string {
  const rows = new Map(results.map(({ data, arm }) => [JSON.stringify([data, arm]), { data, arm }]));
  const lines = [...rows.values()].map(({ data, arm }) => {
    const own = of(results, data, arm);
    const half = own.map(({ curve }) => 100 * curve[Math.ceil(curve.length / 2) - 1]!.value);
    const end = own.map(atEnd);
    const beside = arm === 'shuffled' ? null : pairedDifference(bySeed(own), bySeed(of(results, data, 'shuffled')));
    const losses = own.map(({ loss }) => loss);
    const milliseconds = (1000 * leastSeconds(own)).toFixed(0);
    const cells = [spread(half, 1), spread(end, 1), beside ? signed(beside) : '', spread(losses, 3), milliseconds];
    return `| ${[data, arm, String(own.length), ...cells].join(' | ')} |`;
  });
  return [
    '| data | sampler | seeds | at half of the steps | at the end | beside `shuffled` | loss | ms a step |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
  ].join('\n');
}

const of = (results: readonly SamplingResult[], data: string, arm: string): SamplingResult[] =>
  results.filter((one) => one.data === data && one.arm === arm);

const atEnd = ({ curve }: SamplingResult): number => 100 * curve.at(-1)!.value;

const bySeed = (results: readonly SamplingResult[]): Map<number, number> =>
  new Map(results.map((result) => [result.seed, atEnd(result)]));

function spread(values: readonly number[], digits: number): string {
  return mean(values).toFixed(digits) + (values.length > 1 ? ` ± ${deviation(values).toFixed(digits)}` : '');
}

function signed({ mean: difference, halfWidth }: Difference): string {
  const sign = difference < 0 ? '−' : '+';
  return `${sign}${Math.abs(difference).toFixed(1)}${halfWidth === null ? '' : ` ± ${halfWidth.toFixed(1)}`}`;
}

/**
 * The metric and the loss against steps and against seconds, a row for each kind of data: means over the seeds, as SVG.
 */
export async function samplingPlot(results: readonly SamplingResult[]): Promise<string> {
  const values = results.flatMap(({ data, arm, curve }) => {
    const seconds = leastSeconds(of(results, data, arm));
    return curve.map(({ step, value, loss }) => ({
      data,
      arm,
      step,
      seconds: step * seconds,
      value: 100 * value,
      loss,
    }));
  });
  const panel = (data: string, y: 'value' | 'loss', x: 'step' | 'seconds') => ({
    width: 200,
    height: 120,
    title: data,
    transform: [{ filter: { field: 'data', equal: data } }],
    mark: { type: 'line' as const, point: true },
    encoding: {
      x: { field: x, type: 'quantitative' as const, title: x === 'step' ? 'step' : 'seconds of steps' },
      y: {
        field: y,
        aggregate: 'mean' as const,
        type: 'quantitative' as const,
        title: y === 'loss' ? 'loss' : 'average mAP, or top-1, %',
        scale: { zero: false },
      },
      color: { field: 'arm', type: 'nominal' as const, title: null, sort: null },
    },
  });
  const names = [...new Set(results.map(({ data }) => data))];
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    vconcat: names.map((data) => ({
      hconcat: (['value', 'loss'] as const).flatMap((y) => [panel(data, y, 'step'), panel(data, y, 'seconds')]),
    })),
  };
  return `${await svgOf(spec)}\n`;
}
