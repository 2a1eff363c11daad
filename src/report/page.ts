import { html, raw, type Html } from './html.js';
import type { ReportedRun } from './reported-run.js';
import { classesSection } from './sections/classes.js';
import { errorsSection } from './sections/errors.js';
import type { EvaluatedRun } from './sections/parts.js';
import { runsSection } from './sections/runs.js';
import { scoresSection } from './sections/scores.js';
import { timelineSection } from './sections/timeline.js';
import { trainingSection } from './sections/training.js';
import { style } from './style.js';
import type { Timeline } from './timeline.js';

/** What the page may load: nothing but videos, from where the page itself comes. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src 'self' file:";

/** The whole report of one or more runs as one HTML document that needs nothing from outside. */
export async function makePage(
  runs: readonly ReportedRun[],
  timeline: Timeline,
  strips: Record<string, string>,
): Promise<string> {
  const title = `LoFi report: ${runs.map((run) => run.name).join(', ')}`;
  const evaluated = runs.filter((run): run is EvaluatedRun => run.metrics !== undefined);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
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
            ><a href="#errors">Errors</a><a href="#training">Training</a><a href="#configs">Configuration</a>
          </nav>
        </header>
        <main>
          ${runsSection(runs)} ${await scoresSection(evaluated, runs)} ${timelineSection(timeline, strips)}
          ${await classesSection(evaluated, runs)} ${await errorsSection(runs)} ${await trainingSection(runs)}
          ${configsSection(runs)}
        </main>
      </body>
    </html> `;
  return page.markup;
}

function configsSection(runs: readonly ReportedRun[]): Html {
  return html`<section id="configs">
    <h2>Configuration</h2>
    ${runs.map(
      (run) =>
        html`<details>
          <summary>${run.name}</summary>
          <pre tabindex="0">${run.configText}</pre>
        </details>`,
    )}
  </section>`;
}
