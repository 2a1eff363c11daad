import { drawChart } from '../charts/charts.js';
import { html, type Html } from '../html.js';
import type { ReportedRun } from '../run/reported-run.js';
import { mean, QUOTED, round } from '../tables/metrics-table.js';
import { named, percentCell, table, type EvaluatedRun } from './page-parts.js';

/** AP of each class, as bars and as a table. Classes on which the first run is best come first. */
export async function classesSection(evaluated: readonly EvaluatedRun[], runs: readonly ReportedRun[]): Promise<Html> {
  const average = (run: EvaluatedRun, label: string) => {
    const ap = run.metrics.per_class?.[label];
    return ap && mean(ap);
  };
  const labels = [...new Set(evaluated.flatMap((run) => Object.keys(run.metrics.per_class ?? {})))];
  if (labels.length === 0)
    return html`<section id="classes">
      <h2>Classes</h2>
      <p>Not evaluated yet.</p>
    </section>`;
  const first = (label: string) => average(evaluated[0]!, label) ?? -1;
  labels.sort((a, b) => first(b) - first(a));
  const chart = await drawChart({
    title: 'AP by class, mean over tIoU',
    kind: 'bars',
    points: labels.flatMap((label) =>
      evaluated.flatMap((run) => {
        const ap = average(run, label);
        return ap === undefined ? [] : [{ x: 100 * ap, y: label, series: run.name }];
      }),
    ),
    series: runs.map((run) => run.name),
    x: 'AP (%)',
    y: '',
    width: 520,
    domain: [0, 100],
  });
  const columns = evaluated.flatMap((run) => {
    const head = named(run, runs.indexOf(run));
    const quoted = run.metrics.tiou.flatMap((t, i) =>
      QUOTED.includes(round(t))
        ? [{ name: html`${head} ${round(t)}`, value: (label: string) => run.metrics.per_class?.[label]?.[i] }]
        : [],
    );
    return [...quoted, { name: html`${head} average`, value: (label: string) => average(run, label) }];
  });
  return html`<section id="classes">
    <h2>Classes</h2>
    <div class="tall" tabindex="0">${chart}</div>
    <details>
      <summary>AP by class and tIoU, in percent, as a table</summary>
      ${table(
        ['Class', ...columns.map((column) => column.name)],
        columns.length,
        labels.map(
          (label) =>
            html`<tr>
              <th scope="row">${label}</th>
              ${columns.map((column) => percentCell(column.value(label)))}
            </tr>`,
        ),
      )}
    </details>
  </section>`;
}
