import {
  inLanes,
  labelsOfVideos,
  lineLabel,
  milliseconds,
  type Exported,
  type ExportedVideo,
} from './exported-video.js';

/** The date that BORIS wants and nobody knows; one that stays, so that the same data make the same file. */
const date = '2000-01-01T00:00:00';

/**
 * A BORIS project with an observation of each video. States have a start and a stop for each subject; actions of one
 * class at the same time are told apart by subjects called 2, 3, …
 */
export function borisProjectOf(videos: readonly ExportedVideo[]): Exported {
  const labels = labelsOfVideos(videos);
  let subjects = 1;
  const observations = videos.map((video) => {
    const byLabel = labels.map((label) => inLanes(video.actions.filter((action) => lineLabel(action.label) === label)));
    subjects = Math.max(subjects, ...byLabel.map((lanes) => lanes.length));
    const events = byLabel.flatMap((lanes) =>
      lanes.flatMap((lane, number) =>
        lane.flatMap((action) => {
          const subject = number === 0 ? '' : String(number + 1);
          const [start, end] = milliseconds(action);
          const says = action.score === undefined ? '' : `score ${action.score.toFixed(2)}`;
          return [
            { time: start, stops: 0, event: [start / 1000, subject, lineLabel(action.label), '', says, 'NA'] },
            { time: end, stops: 1, event: [end / 1000, subject, lineLabel(action.label), '', '', 'NA'] },
          ];
        }),
      ),
    );
    // At one moment, what ends stops before what begins starts.
    events.sort((a, b) => a.time - b.time || b.stops - a.stops);
    return [
      video.id,
      observationOf(
        video,
        events.map(({ event }) => event),
      ),
    ] as const;
  });
  const project = {
    time_format: 'hh:mm:ss',
    project_date: date,
    project_name: 'lofi',
    project_description: '',
    project_format_version: '7.0',
    subjects_conf: numbered(
      Array.from({ length: subjects - 1 }, (_, i) => ({
        key: '',
        name: String(i + 2),
        description: 'the same behavior at the same time as another one',
      })),
    ),
    behaviors_conf: numbered(
      labels.map((code) => ({
        type: 'State event',
        key: '',
        code,
        description: '',
        color: '',
        category: '',
        modifiers: '',
        excluded: '',
        'coding map': '',
      })),
    ),
    observations: Object.fromEntries(observations),
    behavioral_categories: [],
    independent_variables: {},
    coding_map: {},
    behaviors_coding_map: [],
    converters: {},
  };
  return { content: `${JSON.stringify(project, null, 1)}\n`, notes: [] };
}

function observationOf({ file, duration, clock }: ExportedVideo, events: readonly unknown[]) {
  return {
    file: { '1': [file], '2': [], '3': [], '4': [], '5': [], '6': [], '7': [], '8': [] },
    type: 'MEDIA',
    date,
    description: '',
    'time offset': 0,
    events,
    'observation time interval': [0, 0],
    independent_variables: {},
    visualize_spectrogram: false,
    visualize_waveform: false,
    close_behaviors_between_videos: false,
    scan_sampling_time: 0,
    media_info: {
      length: { [file]: duration },
      fps: { [file]: clock?.fps ?? 0 },
      hasVideo: { [file]: true },
      hasAudio: { [file]: false },
      offset: { '1': 0 },
    },
  };
}

function numbered<T>(items: readonly T[]): Record<string, T> {
  return Object.fromEntries(items.map((item, i) => [String(i), item]));
}
