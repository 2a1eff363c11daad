import { chooseCues } from './cues.js';
import { htmlDocument } from './document.js';
import { filmStrips } from './film-strip.js';
import { html } from './html.js';
import { timelineBrowser } from './sections/timeline.js';
import { relativeUrl, rounded, seconds, type Timeline } from './timeline.js';
import type { DetectedVideo } from './write-detections.js';

/** What was found in one video as a page of its own: the timeline of the report, without truth. `folder` is where it will lie. */
export async function detectionPage(video: DetectedVideo, folder: string): Promise<string> {
  const strips = await filmStrips([video], new Map([[video.id, video.file]]));
  const timeline = makeTimeline(video, folder);
  return htmlDocument(
    `Found in ${video.id}`,
    html`<section id="timeline">
      <p>
        A lane for each label; the stronger the colour, the higher the score. The slider starts at what subtitles show.
        A click plays the video from there, if its file is where it was; with the keyboard, arrows go from segment to
        segment and Enter plays.
      </p>
      ${timelineBrowser(timeline, strips)}
    </section>`,
  );
}

function makeTimeline({ id, file, duration, detections }: DetectedVideo, folder: string): Timeline {
  const falling = [...detections].sort((a, b) => b.score - a.score);
  const labels = [...new Set(falling.map(({ label }) => label))];
  const cues = chooseCues(detections, null);
  return {
    runs: ['found'],
    labels,
    threshold: rounded(Math.min(...cues.map(({ score }) => score), 1)),
    maxScore: rounded(falling[0]?.score ?? 0) || 1,
    most: null,
    videos: [
      {
        id,
        duration,
        file: relativeUrl(folder, file),
        truth: [],
        detections: [
          falling.flatMap(({ segment: [start, end], score, label }) => [
            seconds(start),
            seconds(end),
            rounded(score),
            labels.indexOf(label),
          ]),
        ],
      },
    ],
  };
}
