import { html, type Html } from '../html.js';
import type { ReportedClassification } from '../run/run-folder.js';
import type { ReportedRun } from '../run/reported-run.js';
import { confusions } from '../tables/classification-table.js';
import { countCell, named, percentCell, table } from './page-parts.js';

/** A run whose stage 1 was evaluated by itself. */
type ClassifiedRun = ReportedRun & { classification: ReportedClassification };

/** A larger matrix would be a page of zeros: of more classes those are shown that are confused most. */
const mostClasses = 30;
/** The confusions that the table shows of each run. */
const mostConfusions = 20;

/** Percent of colour in a cell that holds a whole row; with more, its number could not be read. */
const strongest = 40;

/** Whether a run was evaluated by `lofi classify`. */
export function isClassified(run: ReportedRun): run is ClassifiedRun {
  return run.classification !== undefined;
}

/** Hit@k of stage 1 and what it takes for what, of the runs that were evaluated; nothing where none was. */
export function classificationSection(runs: readonly ReportedRun[]): Html {
  const classified = runs.filter(isClassified);
  if (classified.length === 0) return html``;
  return html`<section id="classification">
    <h2>Classification</h2>
    <p>
      Stage 1 alone, by <code>lofi classify</code>. Hit@k is the share of clips, and of videos by the mean of their
      clips, that have a true label among the best k classes.
    </p>
    ${ratesTable(classified, runs)} ${classified.map((run) => confusionOf(run, runs))}
  </section>`;
}

function ratesTable(classified: readonly ClassifiedRun[], runs: readonly ReportedRun[]): Html {
  const columns = ['Clip Hit@1', 'Clip Hit@5', 'Video Hit@1', 'Video Hit@5'];
  const valuesOf = ({ clip, video }: ReportedClassification) => [clip.hit1, clip.hit5, video.hit1, video.hit5];
  const best = columns.map((_, i) =>
    classified.length > 1 ? Math.max(...classified.map((run) => valuesOf(run.classification)[i]!)) : NaN,
  );
  return table(
    ['Run', 'Of', ...columns, 'Videos', 'Clips', 'Views of each'],
    columns.length + 3,
    classified.map((run) => {
      const { subset, videos, clips, views } = run.classification;
      return html`<tr>
        <td>${named(run, runs.indexOf(run))}</td>
        <td>${subset}${isStale(run) ? ', by an earlier checkpoint' : ''}</td>
        ${valuesOf(run.classification).map((value, i) => percentCell(value, value === best[i]))}
        ${[videos, clips, views].map(countCell)}
      </tr>`;
    }),
  );
}

/** Whether stage 1 has been trained again since it was evaluated. */
function isStale({ classification, stages }: ClassifiedRun): boolean {
  const sha256 = stages.find(({ stage }) => stage === 'pretrain')?.sha256;
  return sha256 !== undefined && sha256 !== classification.checkpoint;
}

function confusionOf(run: ClassifiedRun, runs: readonly ReportedRun[]): Html {
  const { classes, confusion } = run.classification;
  const shown = shownClasses(confusion);
  const name = named(run, runs.indexOf(run));
  const cut =
    shown.length < classes.length ? ` The ${shown.length} of ${classes.length} classes that are confused most.` : '';
  return html`<h3>${name}: what videos were taken for</h3>
    <p>A row for each true class, a column for each class that was said, videos in the cells.${cut}</p>
    ${matrix(run, shown)} ${confusionsTable(run)}`;
}

/** The classes of a matrix that are shown, in their order: those with the most videos that were taken wrongly. */
function shownClasses(confusion: readonly (readonly number[])[]): number[] {
  const wrong = confusion.map((row, i) =>
    row.reduce((sum, count, j) => sum + (i === j ? 0 : count + confusion[j]![i]!), 0),
  );
  return confusion
    .map((_, i) => i)
    .sort((a, b) => wrong[b]! - wrong[a]!)
    .slice(0, mostClasses)
    .sort((a, b) => a - b);
}

function matrix({ name, classification: { classes, confusion } }: ClassifiedRun, shown: readonly number[]): Html {
  const cell = (row: number, column: number) => {
    const count = confusion[row]![column]!;
    const of = confusion[row]!.reduce((sum, value) => sum + value, 0);
    const share = of === 0 ? 0 : count / of;
    return html`<td
      class="number${row === column ? ' right' : ''}"
      style="--tint: ${Math.round(strongest * share)}%"
      title="${count} of ${of} ${classes[row]!} taken for ${classes[column]!}"
      data-value="${count}"
    >
      ${count}
    </td>`;
  };
  return html`<div class="scroll tall" tabindex="0" role="region" aria-label="Confusion matrix of ${name}">
    <table class="confusion">
      <caption>
        Confusion matrix of ${name}
      </caption>
      <thead>
        <tr>
          <td></td>
          ${shown.map((column) => html`<th scope="col"><span>${classes[column]!}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (row) =>
            html`<tr>
              <th scope="row">${classes[row]!}</th>
              ${shown.map((column) => cell(row, column))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function confusionsTable({ classification: { classes, confusion } }: ClassifiedRun): Html {
  const all = confusions(confusion, classes);
  if (all.length === 0) return html`<p>No video was taken for another class.</p>`;
  return html`<details>
    <summary>The most frequent of ${all.length} confusions, as a table</summary>
    ${table(
      ['Videos of', 'taken for', 'Videos', 'of all of the class (%)'],
      2,
      all.slice(0, mostConfusions).map(
        ({ label, taken, count, of }) =>
          html`<tr>
            <td>${label}</td>
            <td>${taken}</td>
            ${countCell(count)} ${percentCell(count / of)}
          </tr>`,
      ),
    )}
  </details>`;
}
