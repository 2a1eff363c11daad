import type { TopLevelSpec } from 'vega-lite';
import { palette, svgOf } from '../../../src/report/charts/charts.js';
import type { ToyResult } from '../common/report.js';

/** The accuracy of every kind, as SVG: seeds as points, means as ticks; chance as a line. */
export async function barPlot(results: readonly ToyResult[]): Promise<string> {
  const values = results.map(({ arm, accuracy }) => ({ arm, accuracy: 100 * accuracy }));
  const x = { field: 'accuracy', type: 'quantitative' as const, scale: { domain: [0, 100] } };
  const y = { field: 'arm', type: 'nominal' as const, title: null, sort: null };
  const color = { value: palette[0]! };
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    width: 420,
    layer: [
      {
        mark: { type: 'point', opacity: 0.5 },
        encoding: { x: { ...x, title: 'accuracy on test clips, %' }, y, color },
      },
      { mark: { type: 'tick', thickness: 3 }, encoding: { x: { ...x, aggregate: 'mean', title: '' }, y, color } },
      { data: { values: [{ accuracy: 50 }] }, mark: { type: 'rule', strokeDash: [4, 3] }, encoding: { x } },
    ],
  };
  return `${await svgOf(spec)}\n`;
}
