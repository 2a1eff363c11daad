import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../src/report/charts/charts.js';
import type { ResultEntry } from './entry.js';

/**
 * Average mAP of every experiment as SVG: its seeds as points, and their mean with one standard deviation to either
 * side. There is a panel for each table of the page.
 */
export async function resultsPlot(entries: readonly ResultEntry[]): Promise<string> {
  const values = entries.map(({ dataset, tiou, experiment, seed, average_mAP }) => {
    const [least, most] = [Math.min(...tiou), Math.max(...tiou)].map((value) => value.toFixed(2));
    return { panel: `${dataset}, tIoU ${least!} to ${most!}`, experiment, seed, average: 100 * average_mAP };
  });
  const x = { field: 'average', type: 'quantitative' as const, scale: { domain: [0, 100] } };
  const whole = { labelLimit: 0 }; // Names of experiments are not cut off.
  const y = { field: 'experiment', type: 'nominal' as const, title: null, sort: null, axis: whole };
  const panel = (name: string) => ({
    title: { text: name, anchor: 'start' as const },
    transform: [{ filter: { field: 'panel', equal: name } }],
    width: 420,
    layer: [
      { mark: { type: 'point' as const, opacity: 0.5 }, encoding: { x: { ...x, title: 'average mAP, %' }, y } },
      { mark: { type: 'errorbar' as const, extent: 'stdev' as const }, encoding: { x: { ...x, title: '' }, y } },
      {
        mark: { type: 'tick' as const, thickness: 3 },
        encoding: { x: { ...x, aggregate: 'mean' as const, title: '' }, y },
      },
    ],
  });
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values },
    vconcat: [...new Set(values.map((value) => value.panel))].map(panel),
  };
  return `${await svgOf(spec)}\n`;
}
