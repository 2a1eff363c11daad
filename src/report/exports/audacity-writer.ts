import { lineLabel, type Exported, type ExportedVideo } from './exported-video.js';

/** Audacity's labels of one video: start, end and label, separated by tabs. */
export function audacityLabels({ actions }: ExportedVideo): Exported {
  const rows = actions.map(({ start, end, label }) => `${start.toFixed(6)}\t${end.toFixed(6)}\t${lineLabel(label)}\n`);
  return { content: rows.join(''), notes: [] };
}
