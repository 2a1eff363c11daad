import { palette } from '../charts/charts.js';
import { html, type Html } from '../html.js';
import type { ReportedMetrics } from '../run/run-folder.js';
import type { ReportedRun } from '../run/reported-run.js';
import { percent } from '../tables/metrics-table.js';

/** A run that could be evaluated. */
export type EvaluatedRun = ReportedRun & { metrics: ReportedMetrics };

/** A run's name beside its colour. `index` is its position among all runs. */
export function named(run: ReportedRun, index: number): Html {
  return html`<span class="swatch" style="--swatch: ${palette[index % palette.length]!}"></span>${run.name}`;
}

/** A table that scrolls sideways if it is too wide. Its last `numbers` columns are right-aligned. */
export function table(head: readonly (string | Html)[], numbers: number, rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${head.map((name, i) => html`<th scope="col" ${raw(i >= head.length - numbers)}>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** A cell with a fraction as percent. The exact value is in `data-value`. */
export function percentCell(value: number | null | undefined, best = false): Html {
  return html`<td class="number${best ? ' best' : ''}" data-value="${value ?? ''}">${percent(value ?? undefined)}</td>`;
}

export function countCell(value: number): Html {
  return html`<td class="number" data-value="${value}">${value.toLocaleString('en')}</td>`;
}

function raw(isNumber: boolean): Html {
  return isNumber ? html`class="number"` : html``;
}
