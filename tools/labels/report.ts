import Table from 'cli-table3';
import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../src/report/charts/charts.js';
import { deviation, mean } from '../results/statistics.js';
import type { LabelsResult } from './results.js';

/** A row for each share of the labels, a column for each arm: mean and deviation of mAP over the seeds, in %. */
export function labelsTable(results: readonly LabelsResult[]): string {
  const arms = [...new Set(results.map(({ arm }) => arm))];
  const head = ['data', 'labelled', 'videos', 'instances', ...arms, 'seeds'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const data of new Set(results.map((one) => one.data))) {
    const ofData = results.filter((one) => one.data === data);
    for (const share of [...new Set(ofData.map((one) => one.share))].sort((a, b) => a - b)) {
      const own = ofData.filter((one) => one.share === share);
      const cells = arms.map((arm) => cell(own.filter((one) => one.arm === arm).map((one) => 100 * one.average_mAP)));
      const instances = mean(own.map((one) => one.instances)).toFixed(0);
      const seeds = new Set(own.map(({ seed }) => seed)).size;
      table.push([data, share === 1 ? 'all' : `1/${1 / share}`, own[0]!.videos, instances, ...cells, seeds]);
    }
  }
  return table.toString();
}

function cell(values: readonly number[]): string {
  if (values.length === 0) return '';
  return mean(values).toFixed(1) + (values.length > 1 ? ` ± ${deviation(values).toFixed(1)}` : '');
}

/** Average mAP against the number of labelled videos, a panel for each kind of data, with bands of one deviation. */
export async function labelsPlot(results: readonly LabelsResult[]): Promise<string> {
  const values = results.map(({ data, arm, videos, average_mAP }) => ({ data, arm, videos, value: 100 * average_mAP }));
  const x = {
    field: 'videos',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, base: 2 },
    title: 'labelled videos',
  };
  const y = { field: 'value', type: 'quantitative' as const, scale: { zero: false } };
  const color = { field: 'arm', type: 'nominal' as const, title: null, sort: null };
  const panel = (data: string) => ({
    width: 300,
    height: 200,
    title: data,
    transform: [{ filter: { field: 'data', equal: data } }],
    layer: [
      {
        mark: { type: 'errorband' as const, extent: 'stdev' as const },
        encoding: { x, y: { ...y, title: '' }, color },
      },
      {
        mark: { type: 'line' as const, point: true },
        encoding: { x, y: { ...y, aggregate: 'mean' as const, title: 'average mAP, %' }, color },
      },
    ],
  });
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    hconcat: [...new Set(values.map(({ data }) => data))].map(panel),
  };
  return `${await svgOf(spec)}\n`;
}
