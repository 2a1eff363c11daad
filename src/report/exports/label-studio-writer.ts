import { frameAt } from '../../video/clock.js';
import { clockOf, lineLabel, videoName, type Exported, type ExportedVideo } from './exported-video.js';

/**
 * Label Studio's tasks, with what a model found, or what was labelled, as predictions, which it shows as a first
 * proposal. Labels of people are also annotations. Frames count from 1, both ends included; since a range of one frame
 * would be a moment, an action has at least two.
 */
export function labelStudioTasks(videos: readonly ExportedVideo[]): Exported {
  let lengthened = 0;
  const tasks = videos.map((video, task) => {
    const clock = clockOf(video, 'Label Studio');
    const result = video.actions.map(({ start, end, label, score }, i) => {
      const from = Math.max(0, Math.min(Math.round(frameAt(clock, start)), clock.frames - 2));
      const to = Math.min(Math.round(frameAt(clock, end)), clock.frames);
      if (to < from + 2) lengthened++;
      return {
        id: `${task + 1}_${i + 1}`,
        type: 'timelinelabels',
        from_name: 'timelineLabels',
        to_name: 'video',
        ...(score !== undefined && { score: Number(score.toPrecision(6)) }),
        value: { ranges: [{ start: from + 1, end: Math.max(from + 2, to) }], timelinelabels: [lineLabel(label)] },
      };
    });
    const found = video.actions.every(({ score }) => score !== undefined) && video.actions.length > 0;
    const best = Math.max(0, ...video.actions.map(({ score }) => score ?? 0));
    return {
      id: task + 1,
      data: { video: videoName(video) },
      annotations: found ? [] : [{ was_cancelled: false, ground_truth: false, result }],
      predictions: [{ model_version: 'lofi', ...(found && { score: best }), result }],
    };
  });
  const note = `${lengthened} actions shorter than two frames have two: one frame would be a moment`;
  return { content: `${JSON.stringify(tasks, null, 1)}\n`, notes: lengthened > 0 ? [note] : [] };
}
