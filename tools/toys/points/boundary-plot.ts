import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../../src/report/charts/charts.js';
import type { BoundaryResult } from './arms.js';

/** The test error of every arm by steps, mean over the seeds, as SVG. */
export async function boundaryPlot(results: readonly BoundaryResult[]): Promise<string> {
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values: results.map(({ arm, step, accuracy }) => ({ arm, step, error: 100 * (1 - accuracy) })) },
    width: 420,
    height: 260,
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'step' },
      y: {
        field: 'error',
        aggregate: 'mean',
        type: 'quantitative',
        title: 'error on test points, %',
        scale: { zero: false },
      },
      color: { field: 'arm', type: 'nominal', title: null, sort: null },
    },
  };
  return `${await svgOf(spec)}\n`;
}
