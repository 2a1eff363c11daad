import type { TopLevelSpec } from 'vega-lite';
import { palette, svgOf } from '../../../src/report/charts/charts.js';
import type { OrderResult } from './arms.js';

/** The accuracy of every aggregator, as SVG: seeds as points, means as ticks; chance as a line. */
export async function orderPlot(results: readonly OrderResult[]): Promise<string> {
  const values = results.map(({ aggregator, trained, accuracy }) => ({
    aggregator,
    network: trained ? 'trained' : 'frozen',
    accuracy: 100 * accuracy,
  }));
  const x = { field: 'accuracy', type: 'quantitative' as const, scale: { domain: [0, 100] } };
  const y = { field: 'aggregator', type: 'nominal' as const, title: null, sort: null, axis: { labelLimit: 0 } };
  const yOffset = { field: 'network', type: 'nominal' as const };
  const color = {
    field: 'network',
    type: 'nominal' as const,
    title: 'frame network',
    scale: { domain: ['frozen', 'trained'], range: palette.slice(0, 2) },
  };
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    width: 420,
    layer: [
      {
        mark: { type: 'point', opacity: 0.5 },
        encoding: { x: { ...x, title: 'accuracy on test sequences, %' }, y, yOffset, color },
      },
      {
        mark: { type: 'tick', thickness: 3 },
        encoding: { x: { ...x, aggregate: 'mean', title: '' }, y, yOffset, color },
      },
      { data: { values: [{ accuracy: 25 }] }, mark: { type: 'rule', strokeDash: [4, 3] }, encoding: { x } },
    ],
  };
  return `${await svgOf(spec)}\n`;
}
