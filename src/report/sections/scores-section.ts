import { drawChart, type Chart } from '../charts/charts.js';
import { html, type Html } from '../html.js';
import { detectionNotes } from '../notes.js';
import type { ReportedMetrics } from '../run/run-folder.js';
import type { ReportedRun } from '../run/reported-run.js';
import { mapAt, round } from '../tables/metrics-table.js';
import { countCell, named, percentCell, table, type EvaluatedRun } from './page-parts.js';

/** Number of points of a precision-recall curve, enough for its width in pixels. */
const MOST_POINTS = 300;

/** mAP of all runs against tIoU, precision against recall, and the evaluation's counts. */
export async function scoresSection(evaluated: readonly EvaluatedRun[], runs: readonly ReportedRun[]): Promise<Html> {
  if (evaluated.length === 0)
    return html`<section id="map">
      <h2>mAP</h2>
      <p>Not evaluated yet.</p>
    </section>`;
  const thresholds = [...new Set(evaluated.flatMap((run) => run.metrics.tiou.map(round)))].sort((a, b) => a - b);
  const best = (of: (metrics: ReportedMetrics) => number | undefined) =>
    evaluated.length > 1 ? Math.max(...evaluated.map((run) => of(run.metrics) ?? 0)) : undefined;
  const columns = [
    ...thresholds.map((t) => (metrics: ReportedMetrics) => mapAt(metrics, t)),
    (metrics: ReportedMetrics) => metrics.average_mAP,
  ];
  const curves: Html[] = [];
  for (const chart of [mapCurve(evaluated, runs), ...recallCurves(evaluated, runs)])
    curves.push(await drawChart(chart));
  const subsets = [...new Set(evaluated.map((run) => run.metrics.subset ?? 'unnamed'))].join(', ');
  return html`<section id="map">
    <h2>mAP</h2>
    <p>
      Mean average precision in percent at each temporal IoU, subset ${subsets}. Precision against recall is of all
      classes together, ranked by score, and interpolated as in AP.
    </p>
    ${table(
      ['Run', ...thresholds.map(String), 'average'],
      columns.length,
      evaluated.map(
        (run) =>
          html`<tr>
            <td>${named(run, runs.indexOf(run))}</td>
            ${columns.map((column) => percentCell(column(run.metrics), column(run.metrics) === best(column)))}
          </tr>`,
      ),
    )}
    <div class="charts">${curves}</div>
    ${countsTable(evaluated, runs)}
    ${evaluated.flatMap((run) => notesOf(run).map((note) => html`<p class="note">${run.name}: ${note}.</p>`))}
  </section>`;
}

function countsTable(evaluated: readonly EvaluatedRun[], runs: readonly ReportedRun[]): Html {
  const counted = evaluated.flatMap((run) => (run.metrics.counts ? [{ run, counts: run.metrics.counts }] : []));
  const [first] = counted;
  if (first === undefined) return html``;
  const keys = [...new Set(counted.flatMap(({ counts }) => Object.keys(counts)))] as (keyof typeof first.counts)[];
  return html`<details id="counts">
    <summary>What was counted</summary>
    ${table(
      ['', ...counted.map(({ run }) => named(run, runs.indexOf(run)))],
      counted.length,
      keys.map(
        (key) =>
          html`<tr>
            <th scope="row">${key.replaceAll('_', ' ')}</th>
            ${counted.map(({ counts }) => countCell(counts[key] ?? 0))}
          </tr>`,
      ),
    )}
  </details>`;
}

function notesOf({ metrics, stale }: EvaluatedRun): string[] {
  const { counts, unknown } = metrics;
  return [
    ...(stale ? ['metrics.json belongs to other detections; these ones were evaluated for this page'] : []),
    ...(counts && unknown ? detectionNotes({ counts, unknown }) : []),
  ];
}

/** Charts of precision against recall, one for each threshold, of all classes together. */
function recallCurves(evaluated: readonly EvaluatedRun[], runs: readonly ReportedRun[]): Chart[] {
  const thresholds = [...new Set(evaluated.flatMap((run) => run.curves.map(({ tiou }) => round(tiou))))];
  return thresholds.map((threshold) => ({
    title: `Precision against recall at tIoU ${threshold}`,
    kind: 'line',
    points: evaluated.flatMap(({ name, curves }) =>
      curves
        .filter(({ tiou }) => round(tiou) === threshold)
        .flatMap(({ curve: { recall, precision } }) => {
          const every = Math.ceil(recall.length / MOST_POINTS);
          return recall.flatMap((r, i) =>
            i % every === 0 || i === recall.length - 1 ? [{ x: 100 * r, y: 100 * precision[i]!, series: name }] : [],
          );
        }),
    ),
    series: runs.map((run) => run.name),
    x: 'recall (%)',
    y: 'precision (%)',
    domain: [0, 100],
    xDomain: [0, 100],
  }));
}

function mapCurve(evaluated: readonly EvaluatedRun[], runs: readonly ReportedRun[]): Chart {
  return {
    title: 'mAP against tIoU',
    kind: 'line',
    points: evaluated.flatMap(({ name, metrics }) =>
      metrics.tiou.map((t, i) => ({ x: t, y: 100 * (metrics.mAP[i] ?? 0), series: name })),
    ),
    series: runs.map((run) => run.name),
    x: 'tIoU',
    y: 'mAP (%)',
  };
}
