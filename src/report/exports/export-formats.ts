import { srt, vtt } from '../detections/subtitles.js';
import { annotationsCsv } from './annotations-csv.js';
import { audacityLabels } from './audacity-writer.js';
import { borisProjectOf } from './boris-writer.js';
import { deepethogramLabels } from './deepethogram-writer.js';
import { elanDocument } from './elan-writer.js';
import { labelsOfVideos, type Exported, type ExportedVideo } from './exported-video.js';
import { labelStudioTasks } from './label-studio-writer.js';
import { viaProjectOf } from './via-writer.js';

/** How the annotations of videos are written for a tool: all in one file, or a file for each video. */
export type ExportFormat = {
  /** What the names of its files end with, with the dot. */
  ending: string;
  /** Whether the format has a place for stretches that nobody has labelled. */
  holdsUnlabelled?: boolean;
} & (
  | { all: (videos: readonly ExportedVideo[]) => Exported }
  | { each: (video: ExportedVideo, classes: readonly string[]) => Exported }
);

const plain = (content: string): Exported => ({ content, notes: [] });

export const exportFormats = {
  boris: { ending: '.boris', all: borisProjectOf },
  elan: { ending: '.eaf', each: elanDocument },
  'label-studio': { ending: '.tasks.json', all: labelStudioTasks },
  via: { ending: '.via.json', all: viaProjectOf },
  audacity: { ending: '.txt', each: audacityLabels },
  deepethogram: { ending: '_labels.csv', holdsUnlabelled: true, each: deepethogramLabels },
  srt: { ending: '.srt', each: ({ actions }) => plain(srt(actions)) },
  vtt: { ending: '.vtt', each: ({ actions }) => plain(vtt(actions)) },
  csv: { ending: '.csv', holdsUnlabelled: true, all: annotationsCsv },
} satisfies Record<string, ExportFormat>;

/** The names of the formats that annotations are written in. */
export type ExportFormatName = keyof typeof exportFormats;

/** The annotations of one video in a format, and how the name of its file ends. */
export function exportOne(name: ExportFormatName, video: ExportedVideo): Exported {
  const format: ExportFormat = exportFormats[name];
  return 'all' in format ? format.all([video]) : format.each(video, labelsOfVideos([video]));
}
