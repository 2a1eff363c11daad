import { drawChart } from '../charts/charts.js';
import { html, type Html } from '../html.js';
import type { ReportedRun } from '../run/reported-run.js';
import { stagesOf, trainingCharts } from '../charts/training-charts.js';

/** The training curves of every stage. */
export async function trainingSection(runs: readonly ReportedRun[]): Promise<Html> {
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
