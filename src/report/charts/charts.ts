import type { TopLevelSpec } from 'vega-lite';
import { html, raw, type Html } from '../html.js';

/** A point of a chart. `series` names its line or group. */
export interface Point {
  x: number | string;
  y: number | string;
  series: string;
}

/** A chart for the page. */
export interface Chart {
  title: string;
  kind: 'line' | 'steps' | 'bars' | 'stack';
  points: readonly Point[];
  /** Names of the series, in the order of their colours. */
  series: readonly string[];
  x: string;
  y: string;
  width?: number;
  height?: number;
  /** Range of the axis of values; `xDomain`: of the x axis of a line. By default the points decide. */
  domain?: readonly [number, number];
  xDomain?: readonly [number, number];
  /** One colour for each series; by default {@link palette}. */
  colours?: readonly string[];
}

/** Colours that can be told apart on white and on near-black, and by most colour-blind readers. */
export const palette = ['#3b82f6', '#f97316', '#10b981', '#d946ef', '#eab308', '#06b6d4', '#ef4444', '#8b5cf6'];

/** Draws a chart as inline SVG, without canvas or network. Its text takes the page's colour. */
export async function drawChart(chart: Chart): Promise<Html> {
  const svg = await svgOf(toSpec(chart));
  return html`<figure class="chart" role="img" aria-label="${chart.title}">
    <figcaption>${chart.title}</figcaption>
    ${raw(svg)}
  </figure>`;
}

/** Draws a specification as SVG. The libraries are large, so they are loaded only here. */
export async function svgOf(spec: TopLevelSpec): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

/**
 * Reduces each series to at most `most` points, which are means over runs of neighbours, so that a
 * long log gives a small page.
 */
export function thin(points: readonly { x: number; y: number; series: string }[], most: number): Point[] {
  const names = [...new Set(points.map((point) => point.series))];
  return names.flatMap((series) => {
    const list = points.filter((point) => point.series === series);
    const size = Math.ceil(list.length / most);
    return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => {
      const part = list.slice(i * size, (i + 1) * size);
      const mean = (of: (p: { x: number; y: number }) => number) =>
        part.reduce((sum, p) => sum + of(p), 0) / part.length;
      return { x: mean((p) => p.x), y: mean((p) => p.y), series };
    });
  });
}

function toSpec(chart: Chart): TopLevelSpec {
  const { colours = palette } = chart;
  const domain = chart.domain ? { domain: [...chart.domain] } : {};
  const color = {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: [...chart.series], range: chart.series.map((_, i) => colours[i % colours.length]!) },
    legend:
      chart.series.length > 1
        ? {
            title: null,
            orient: 'top' as const,
            columns: legendColumns(chart),
            symbolType: chart.kind === 'line' ? 'stroke' : 'square',
          }
        : null,
  };
  const common = {
    background: 'transparent',
    // The whole drawing, axes included, has this width, so that charts line up.
    width: chart.width ?? 340,
    autosize: { type: 'fit-x' as const, contains: 'padding' as const },
    data: { values: [...chart.points] },
    config: theme,
  };
  if (chart.kind === 'bars') {
    return {
      ...common,
      height: 60 + (8 + 10 * chart.series.length) * new Set(chart.points.map((point) => point.y)).size,
      mark: { type: 'bar', cornerRadiusEnd: 2 },
      encoding: {
        y: { field: 'y', type: 'nominal', sort: null, title: null, axis: { grid: false, labelLimit: 200 } },
        yOffset: { field: 'series', sort: [...chart.series] },
        x: { field: 'x', type: 'quantitative', title: chart.x, scale: { zero: true, ...domain } },
        color,
      },
    };
  }
  if (chart.kind === 'stack') {
    return {
      ...common,
      height: chart.height ?? 180,
      transform: [{ calculate: `indexof(${JSON.stringify(chart.series)}, datum.series)`, as: 'layer' }],
      mark: 'bar',
      encoding: {
        x: { field: 'x', type: 'nominal', sort: null, title: chart.x, axis: { grid: false, labelAngle: 0 } },
        y: { field: 'y', type: 'quantitative', stack: 'zero', title: chart.y, scale: { ...domain } },
        order: { field: 'layer', type: 'quantitative' },
        color,
      },
    };
  }
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: chart.x,
    scale: { zero: false, nice: false, ...(chart.xDomain ? { domain: [...chart.xDomain] } : {}) },
  };
  if (chart.kind === 'steps') {
    return {
      ...common,
      height: chart.height ?? 180,
      mark: { type: 'tick', thickness: 2, size: 14 },
      encoding: {
        x,
        y: { field: 'y', type: 'nominal', sort: null, title: chart.y },
        yOffset: { field: 'series', sort: [...chart.series] },
        color,
      },
    };
  }
  return {
    ...common,
    height: chart.height ?? 180,
    mark: { type: 'line', strokeWidth: 2, point: chart.points.length <= 12 * chart.series.length },
    encoding: {
      x,
      y: {
        field: 'y',
        type: 'quantitative',
        title: chart.y,
        scale: { zero: true, ...domain },
      },
      color,
    },
  };
}

/**
 * Number of legend columns. Names stand side by side where they fit; bars leave less room,
 * because their axis has names too.
 */
function legendColumns({ kind, series }: Chart): number {
  return kind === 'bars' && series.join('').length > 20 ? 1 : 2;
}

const ink = 'currentColor';
const theme = {
  aria: false,
  font: 'system-ui, sans-serif',
  view: { stroke: 'transparent' },
  axis: {
    labelColor: ink,
    titleColor: ink,
    domainColor: ink,
    tickColor: ink,
    gridColor: ink,
    domainOpacity: 0.4,
    tickOpacity: 0.4,
    gridOpacity: 0.12,
    titleFontWeight: 'normal' as const,
    labelFontSize: 11,
    titleFontSize: 11,
    tickCount: 6,
  },
  legend: { labelColor: ink, titleColor: ink, labelFontSize: 11, symbolStrokeWidth: 3, labelLimit: 160 },
};
