import { html, type Html } from '../html.js';
import { png } from '../png.js';
import type { ReportedPretext } from '../run/run-folder.js';
import type { ReportedRun } from '../run/reported-run.js';
import { named } from './page-parts.js';

/** A run with pictures of what `pretext` has learnt. */
type PicturedRun = ReportedRun & { pretext: ReportedPretext };

/** Whether a run has pictures of what `pretext` has learnt. */
export function isPictured(run: ReportedRun): run is PicturedRun {
  return run.pretext !== undefined;
}

const words = {
  features:
    'Each picture is a heat map of standardised features: a column for each snippet, a row for each of some channels; ' +
    'grey is the mean, white two deviations more.',
  patches: 'Each picture is a patch of a video, frame by frame.',
  glyphs: 'Each picture is a sequence of frames in which digits move.',
} as const;

/** What `pretext` makes of some sequences, in rows; nothing where no run has the stage. */
export function pretextSection(runs: readonly ReportedRun[]): Html {
  const pictured = runs.filter(isPictured);
  if (pictured.length === 0) return html``;
  return html`<section id="pretext">
    <h2>Without labels</h2>
    <p>
      What the LSTM of <code>pretext</code> keeps of sequences: it reads the input, gives it back from its state, and
      predicts what comes, which the truth is beside. A decoder has only its own outputs to go on.
      ${[...new Set(pictured.map((run) => words[run.pretext.data]))].join(' ')}
    </p>
    ${pictured.map(
      (run) =>
        html`<h3>${named(run, runs.indexOf(run))}</h3>
          ${run.pretext.checkpoint === newest(run) ? '' : html`<p>By an earlier checkpoint.</p>`}
          ${run.pretext.examples.map(example)}`,
    )}
  </section>`;
}

function newest({ stages }: PicturedRun): string | undefined {
  return stages.find(({ stage }) => stage === 'pretext')?.sha256;
}

function example({ id, rows }: ReportedPretext['examples'][number]): Html {
  return html`<div class="scroll" tabindex="0">
    <table class="sequences">
      <caption>
        ${id}
      </caption>
      <tbody>
        ${rows.map(({ name, pixels, ...size }) => {
          const picture = png({ ...size, pixels: Buffer.from(pixels, 'base64') }).toString('base64');
          return html`<tr>
            <th scope="row">${name}</th>
            <td>
              <img
                alt="${name} of ${id}"
                src="data:image/png;base64,${picture}"
                width="${scaled(size.width, size.height)}"
              />
            </td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** The width on the page of a picture: small ones are enlarged, by a whole number. */
function scaled(width: number, height: number): number {
  return width * Math.max(1, Math.floor(96 / height));
}
