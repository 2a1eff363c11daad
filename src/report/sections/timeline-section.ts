import { html, raw, scriptJson, type Html } from '../html.js';
import { playerScript } from '../detections/player-script.js';
import type { Timeline } from '../timeline/timeline.js';
import { timelineScript } from '../timeline/timeline-script.js';

/** The section of a report with the timeline of its videos. */
export function timelineSection(timeline: Timeline, strips: Record<string, string>): Html {
  const { videos, runs, most } = timeline;
  if (videos.length === 0) {
    return html`<section id="timeline">
      <h2>Timeline</h2>
      <p>No detections yet.</p>
    </section>`;
  }
  const count = Object.keys(strips).length;
  return html`<section id="timeline">
    <h2>Timeline</h2>
    <p>
      Truth and detections of one video, a lane for each label; the stronger the colour, the higher the score. The
      slider starts where ${runs[0]!} shows as many detections as there are instances. A click plays the video from
      there, if its file has not moved. With the keyboard, arrows go from segment to segment, and Enter plays.
      ${count > 0 && count < videos.length ? `Only ${count} videos, evenly spread, have a film strip. ` : ''}${
        most === null ? '' : `The page has the ${most} best detections of each video and run.`
      }
    </p>
    ${timelineBrowser(timeline, strips)}
  </section>`;
}

/** The timeline with its controls, its player and its table. A page can have only one. */
export function timelineBrowser(timeline: Timeline, strips: Record<string, string>): Html {
  const hasTruth = timeline.videos.some(({ truth }) => truth.length > 0);
  return html`<div class="controls">
      <label>Find <input id="find" type="search" placeholder="part of a name" /></label>
      <label
        >Video (${timeline.videos.length})
        <select id="video"></select
      ></label>
      <button id="previous" type="button" aria-label="Previous video">←</button>
      <button id="next" type="button" aria-label="Next video">→</button>
      <label for="score"
        ><span>Score at least <output id="score-value" for="score"></output></span>
        <input id="score" type="range" min="0" max="1" step="any"
      /></label>
    </div>
    <p id="summary" role="status"></p>
    <div class="scroll"><div id="tracks" role="group" aria-label="Segments over time"></div></div>
    <p id="player-note" role="status"></p>
    <div id="player" hidden>
      <video id="film" controls playsinline aria-label="The video"></video>
      <button id="close-player" type="button">Close</button>
    </div>
    <details id="detections-table">
      <summary>Detections shown, as a table</summary>
      <div class="scroll" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Label</th>
              <th scope="col">Start</th>
              <th scope="col">End</th>
              <th scope="col">Score</th>
              ${hasTruth ? html`<th scope="col">Best tIoU with truth</th>` : ''}
            </tr>
          </thead>
          <tbody id="detections"></tbody>
        </table>
      </div>
    </details>
    <script type="application/json" id="timeline-data">
      ${scriptJson(timeline)}
    </script>
    <script type="application/json" id="strips-data">
      ${scriptJson(strips)}
    </script>
    <script>
      ${raw(playerScript)};
      ${raw(timelineScript)};
    </script>`;
}
