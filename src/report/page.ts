import { htmlDocument } from './document.js';
import { html, type Html } from './html.js';
import type { ReportedRun } from './run/reported-run.js';
import { classificationSection, isClassified } from './sections/classification-section.js';
import { classesSection } from './sections/classes-section.js';
import { errorsSection } from './sections/errors-section.js';
import type { EvaluatedRun } from './sections/page-parts.js';
import { isPictured, pretextSection } from './sections/pretext-section.js';
import { runsSection } from './sections/runs-section.js';
import { scoresSection } from './sections/scores-section.js';
import { timelineSection } from './sections/timeline-section.js';
import { trainingSection } from './sections/training-section.js';
import type { Timeline } from './timeline/timeline.js';

/** The report of one or more runs as one HTML document that loads nothing from elsewhere. */
export async function makePage(
  runs: readonly ReportedRun[],
  timeline: Timeline,
  strips: Record<string, string>,
): Promise<string> {
  const title = `LoFi report: ${runs.map((run) => run.name).join(', ')}`;
  const evaluated = runs.filter((run): run is EvaluatedRun => run.metrics !== undefined);
  return htmlDocument(
    title,
    html`${runsSection(runs)} ${await scoresSection(evaluated, runs)} ${timelineSection(timeline, strips)}
    ${await classesSection(evaluated, runs)} ${await errorsSection(runs)} ${classificationSection(runs)}
    ${pretextSection(runs)} ${await trainingSection(runs)} ${configsSection(runs)}`,
    html`<nav aria-label="Sections">
      <a href="#runs">Runs</a><a href="#map">mAP</a><a href="#timeline">Timeline</a><a href="#classes">Classes</a
      ><a href="#errors">Errors</a>${
        runs.some(isClassified) ? html`<a href="#classification">Classification</a>` : html``
      }${runs.some(isPictured) ? html`<a href="#pretext">Without labels</a>` : html``}<a href="#training">Training</a
      ><a href="#configs">Configuration</a>
    </nav>`,
  );
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
