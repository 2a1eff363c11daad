import { chooseCues } from './cues.js';
import { htmlDocument } from '../document.js';
import { filmStrips } from '../timeline/film-strip.js';
import { html } from '../html.js';
import { timelineBrowser } from '../sections/timeline-section.js';
import { relativeUrl, rounded, seconds, type Timeline } from '../timeline/timeline.js';
import type { DetectedVideo } from '../../evaluation/detected-video.js';

/** A page with what was found in one video: the timeline of the report, without ground truth. */
export async function detectionPage(
  video: DetectedVideo,
  { folder, minScore }: { folder: string; minScore: number | null },
): Promise<string> {
  const strips = await filmStrips([video], new Map([[video.id, video.file]]));
  const timeline = makeTimeline(video, folder, leastShown(video, minScore));
  return htmlDocument(
    `Found in ${video.id}`,
    html`<section id="timeline">
      ${video.warnings.map((warning) => html`<p><strong>${warning}.</strong></p>`)}
      <p>
        A lane for each label; the stronger the colour, the higher the score. The slider starts at the lowest score that
        subtitles show. A click plays the video from there, if its file has not moved. With the keyboard, arrows go from
        segment to segment, and Enter plays.
      </p>
      ${timelineBrowser(timeline, strips)}
    </section>`,
  );
}

/** The lowest score that subtitles show. */
function leastShown({ detections }: DetectedVideo, minScore: number | null): number {
  return minScore ?? Math.min(1, ...chooseCues(detections, null).map(({ score }) => score));
}

function makeTimeline({ id, file, duration, detections }: DetectedVideo, folder: string, least: number): Timeline {
  const falling = [...detections].sort((a, b) => b.score - a.score);
  const labels = [...new Set(falling.map(({ label }) => label))];
  return {
    runs: ['found'],
    labels,
    threshold: rounded(least),
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
