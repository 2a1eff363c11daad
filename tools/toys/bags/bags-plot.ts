import type { TopLevelSpec } from 'vega-lite';
import { palette, svgOf } from '../../../src/report/charts/charts.js';
import { overSeeds } from '../common/report.js';
import type { BagResult } from './arms.js';

/** The accuracy of every arm by the number of words, as SVG: means over the seeds, with a panel for each set. */
export async function bagsPlot(results: readonly BagResult[]): Promise<string> {
  const means = overSeeds(results, ({ set, K, arm }) => JSON.stringify([set, K, arm]));
  const values = [...means].map(([key, { mean }]) => {
    const [set, K, arm] = JSON.parse(key) as [string, number, string];
    return { set: `set ${set}`, K, arm, learned: !arm.endsWith(' init'), accuracy: 100 * mean };
  });
  const arms = [...new Set(values.map(({ arm }) => arm))];
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    facet: { field: 'set', type: 'nominal', title: null, header: { labelFontSize: 12 } },
    spec: {
      width: 260,
      height: 240,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'K', type: 'ordinal', title: 'words K', axis: { labelAngle: 0 } },
        y: {
          field: 'accuracy',
          type: 'quantitative',
          title: 'accuracy on test bags, %',
          scale: { domain: [30, 100] },
        },
        color: { field: 'arm', type: 'nominal', title: null, sort: arms, scale: { domain: arms, range: palette } },
        strokeDash: {
          field: 'learned',
          type: 'nominal',
          legend: null,
          scale: {
            domain: [true, false],
            range: [
              [1, 0],
              [4, 3],
            ],
          },
        },
      },
    },
  };
  return `${await svgOf(spec)}\n`;
}
