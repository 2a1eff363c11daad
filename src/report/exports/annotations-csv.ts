import { csvField, lineLabel, videoName, type Exported, type ExportedVideo } from './exported-video.js';

/**
 * All videos in one table, as `lofi prepare` reads it: a row an action, a row without times for a video in which
 * nothing happens, and where there are some, rows of stretches that nobody has labelled.
 */
export function annotationsCsv(videos: readonly ExportedVideo[]): Exported {
  const isPartial = videos.some(({ unlabelled }) => unlabelled.length > 0);
  const rows = videos.flatMap((video) => {
    const row = (times: readonly [number, number] | null, label: string, mark: string) =>
      [
        csvField(videoName(video)),
        ...(times?.map(seconds) ?? ['', '']),
        csvField(lineLabel(label)),
        csvField(video.subset),
        ...(isPartial ? [mark] : []),
      ].join();
    const list = [
      ...video.actions.map(({ start, end, label }) => row([start, end], label, '')),
      ...video.unlabelled.map((stretch) => row(stretch, '', 'yes')),
    ];
    return list.length > 0 ? list : [row(null, '', '')];
  });
  const header = `video,start,end,label,subset${isPartial ? ',unlabelled' : ''}`;
  return { content: [header, ...rows].map((row) => `${row}\r\n`).join(''), notes: [] };
}

/** Microseconds are enough. */
const seconds = (value: number): string => String(Number(value.toFixed(6)));
