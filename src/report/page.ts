import { mapAt, percent, round } from './table.js';
import { drawChart, palette, type Chart } from './charts.js';
import { html, raw, scriptJson, type Html } from './html.js';
import type { ReportedMetrics, RunFolder } from './run-folder.js';
import { style } from './style.js';
import { makeTimeline } from './timeline.js';
import { timelineScript } from './timeline-script.js';
import { stagesOf, trainingCharts } from './training-charts.js';

type Evaluated = RunFolder & { metrics: ReportedMetrics };

/** The whole report of one or more runs as one HTML document that needs nothing from outside. */
export async function makePage(runs: readonly RunFolder[]): Promise<string> {
  const title = `LoFi report: ${runs.map((run) => run.name).join(', ')}`;
  const evaluated = runs.filter((run): run is Evaluated => run.metrics !== undefined);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <nav aria-label="Sections">
            <a href="#runs">Runs</a><a href="#map">mAP</a><a href="#timeline">Timeline</a><a href="#classes">Classes</a
            ><a href="#training">Training</a><a href="#configs">Configuration</a>
          </nav>
        </header>
        <main>
          ${runsSection(runs)} ${await mapSection(evaluated, runs)} ${timelineSection(runs)}
          ${await classesSection(evaluated, runs)} ${await trainingSection(runs)} ${configsSection(runs)}
        </main>
      </body>
    </html> `;
  return page.markup;
}

function runsSection(runs: readonly RunFolder[]): Html {
  return html`<section id="runs">
    <h2>What was run</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Run</th>
            <th>Encoder</th>
            <th>Head</th>
            <th>Seed</th>
            <th>Stages</th>
            <th>Data</th>
          </tr>
        </thead>
        <tbody>
          ${runs.map(
            (run, index) =>
              html`<tr>
                <td>${swatch(index)}${run.name}</td>
                <td>${typeIn(run.config, 'encoder')}</td>
                <td>${typeIn(run.config, 'model')}</td>
                <td>${text(run.config.seed)}</td>
                <td>${stagesOf([run]).join(', ') || '–'}</td>
                <td>${dataCounts(run)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

async function mapSection(evaluated: readonly Evaluated[], runs: readonly RunFolder[]): Promise<Html> {
  if (evaluated.length === 0)
    return html`<section id="map">
      <h2>mAP</h2>
      <p>Not evaluated yet.</p>
    </section>`;
  const thresholds = [...new Set(evaluated.flatMap((run) => run.metrics.tiou.map(round)))].sort((a, b) => a - b);
  const best = (of: (metrics: ReportedMetrics) => number | undefined) =>
    evaluated.length > 1 ? Math.max(...evaluated.map((run) => of(run.metrics) ?? 0)) : undefined;
  const cell = (metrics: ReportedMetrics, of: (metrics: ReportedMetrics) => number | undefined) => {
    const value = of(metrics);
    return html`<td
      class="number${value !== undefined && value === best(of) ? ' best' : ''}"
      data-value="${value ?? ''}"
    >
      ${percent(value)}
    </td>`;
  };
  const columns = thresholds.map((t) => (metrics: ReportedMetrics) => mapAt(metrics, t));
  const subsets = [...new Set(evaluated.map((run) => run.metrics.subset ?? 'unnamed'))].join(', ');
  return html`<section id="map">
    <h2>mAP</h2>
    <p>Mean average precision in percent at each temporal IoU, subset ${subsets}.</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Run</th>
            ${thresholds.map((t) => html`<th class="number">${t}</th>`)}
            <th class="number">average</th>
          </tr>
        </thead>
        <tbody>
          ${evaluated.map(
            (run) =>
              html`<tr>
                <td>${swatch(runs.indexOf(run))}${run.name}</td>
                ${columns.map((column) => cell(run.metrics, column))} ${cell(run.metrics, (m) => m.average_mAP)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <br />
    ${await drawChart(mapCurve(evaluated, runs))}
  </section>`;
}

function mapCurve(evaluated: readonly Evaluated[], runs: readonly RunFolder[]): Chart {
  return {
    title: 'mAP against tIoU',
    kind: 'line',
    points: evaluated.flatMap(({ name, metrics }) =>
      metrics.tiou.map((t, i) => ({ x: t, y: 100 * (metrics.mAP[i] ?? 0), series: name })),
    ),
    series: runs.map((run) => run.name),
    x: 'tIoU',
    y: 'mAP (%)',
    width: 520,
    height: 240,
  };
}

async function classesSection(evaluated: readonly Evaluated[], runs: readonly RunFolder[]): Promise<Html> {
  const rows = evaluated.flatMap(({ name, metrics }) =>
    Object.entries(metrics.per_class ?? {}).map(([label, ap]) => ({
      series: name,
      y: label,
      x: (100 * ap.reduce((sum, value) => sum + value, 0)) / ap.length,
    })),
  );
  if (rows.length === 0)
    return html`<section id="classes">
      <h2>Classes</h2>
      <p>Not evaluated yet.</p>
    </section>`;
  // Best class of the first run first; classes that only others have come last.
  rows.sort((a, b) => b.x - a.x);
  const order = [...rows.filter((row) => row.series === evaluated[0]!.name), ...rows].map((row) => row.y);
  const rank = new Map([...new Set(order)].map((label, index) => [label, index]));
  rows.sort((a, b) => rank.get(a.y)! - rank.get(b.y)!);
  const chart = await drawChart({
    title: 'AP by class, mean over tIoU',
    kind: 'bars',
    points: rows,
    series: runs.map((run) => run.name),
    x: 'AP (%)',
    y: '',
    width: 520,
  });
  return html`<section id="classes">
    <h2>Classes</h2>
    ${chart}
  </section>`;
}

function timelineSection(runs: readonly RunFolder[]): Html {
  const timeline = makeTimeline(runs);
  if (timeline.videos.length === 0) {
    return html`<section id="timeline">
      <h2>Timeline</h2>
      <p>No detections yet.</p>
    </section>`;
  }
  return html`<section id="timeline">
    <h2>Timeline</h2>
    <p>
      Truth and detections of one video, a lane for each label; the stronger the colour, the higher the score. The
      slider starts where ${timeline.runs[0]!} shows as many detections as there are instances.
    </p>
    <div class="controls">
      <label>Find <input id="find" type="search" placeholder="part of a name" /></label>
      <label
        >Video (${timeline.videos.length})
        <select id="video"></select
      ></label>
      <button id="previous" type="button" aria-label="Previous video">←</button>
      <button id="next" type="button" aria-label="Next video">→</button>
      <label
        ><span>Score at least <output id="score-value" for="score"></output></span>
        <input id="score" type="range" min="0" max="1" step="any"
      /></label>
    </div>
    <p id="summary" role="status"></p>
    <div class="scroll"><div id="tracks"></div></div>
    <details>
      <summary>Detections shown, as a table</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Run</th>
              <th>Label</th>
              <th>Start</th>
              <th>End</th>
              <th>Score</th>
              <th>Best tIoU with truth</th>
            </tr>
          </thead>
          <tbody id="detections"></tbody>
        </table>
      </div>
    </details>
    <script type="application/json" id="timeline-data">
      ${scriptJson(timeline)}
    </script>
    <script>
      ${raw(timelineScript)};
    </script>
  </section>`;
}

async function trainingSection(runs: readonly RunFolder[]): Promise<Html> {
  const stages: Html[] = [];
  for (const stage of stagesOf(runs)) {
    const charts: Html[] = [];
    for (const chart of trainingCharts(runs, stage)) charts.push(await drawChart(chart));
    stages.push(
      html`<h3>${stage}</h3>
        <div class="charts">${charts}</div>`,
    );
  }
  return html`<section id="training">
    <h2>Training</h2>
    ${stages.length > 0 ? stages : html`<p>Nothing logged yet.</p>`}
  </section>`;
}

function configsSection(runs: readonly RunFolder[]): Html {
  return html`<section id="configs">
    <h2>Configuration</h2>
    ${runs.map(
      (run) =>
        html`<details>
          <summary>${run.name}</summary>
          <pre>${run.configText}</pre>
        </details>`,
    )}
  </section>`;
}

function swatch(index: number): Html {
  return html`<span class="swatch" style="--swatch: ${palette[index % palette.length]!}"></span>`;
}

/** `validation: 16 videos, 70 instances; …` */
function dataCounts({ dataset }: RunFolder): string {
  const videos = Object.values(dataset?.database ?? {});
  const subsets = [...new Set(videos.map((video) => video.subset))];
  const labels = new Set(videos.flatMap((video) => video.annotations.map((a) => a.label)));
  const parts = subsets.map((subset) => {
    const of = videos.filter((video) => video.subset === subset);
    return `${subset}: ${of.length} videos, ${of.reduce((sum, v) => sum + v.annotations.length, 0)} instances`;
  });
  return subsets.length === 0 ? '–' : `${parts.join('; ')}; ${labels.size} classes`;
}

/** The `type` that a config gives for a part of the model. */
function typeIn(config: Record<string, unknown>, part: string): string {
  const value = config[part];
  return text(typeof value === 'object' && value !== null ? (value as Record<string, unknown>).type : value);
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '–';
}
