import { UsageError } from '../../system/errors.js';
import { frameAt, type Clock } from '../../video/clock.js';
import { clockOf, csvField, lineLabel, type Exported, type ExportedVideo } from './exported-video.js';

/**
 * DeepEthogram's labels of one video: a row a frame, a column a class, 1 or 0, and -1 where nobody has labelled.
 *
 * @param classes - The columns after `background`; all videos of a project have the same ones.
 * @throws UsageError where a class is called `background`.
 */
export function deepethogramLabels(video: ExportedVideo, classes: readonly string[]): Exported {
  if (classes.includes('background'))
    throw new UsageError('DeepEthogram calls "background" what is no class: rename the label of that name');
  const clock = clockOf(video, 'DeepEthogram');
  const columns = new Map(classes.map((label, i) => [label, i + 1]));
  const rows = Array.from({ length: clock.frames }, () => new Int8Array(classes.length + 1));
  let joined = 0;
  for (const action of video.actions) {
    const column = columns.get(lineLabel(action.label))!;
    const [from, to] = framesOf(clock, action.start, action.end);
    if ([from - 1, from, to - 1, to].some((frame) => rows[frame]?.[column] === 1)) joined++;
    for (let frame = from; frame < to; frame++) rows[frame]![column] = 1;
  }
  for (const row of rows) row[0] = row.includes(1) ? 0 : 1;
  for (const [start, end] of video.unlabelled) {
    const [from, to] = framesOf(clock, start, end);
    for (let frame = from; frame < to; frame++) rows[frame]!.fill(-1);
  }
  const header = ['', 'background', ...classes.map(csvField)].join();
  const lines = rows.map((row, frame) => `${frame},${row.join()}`);
  const note = `${video.id}: ${joined} actions touch or overlap another one of their class, and become one with it`;
  return { content: `${[header, ...lines].join('\n')}\n`, notes: joined > 0 ? [note] : [] };
}

/** The frames of a stretch, at least one: the first, and the one behind the last. */
function framesOf(clock: Clock, start: number, end: number): [from: number, to: number] {
  const from = Math.max(0, Math.min(Math.round(frameAt(clock, start)), clock.frames - 1));
  return [from, Math.max(from + 1, Math.min(Math.round(frameAt(clock, end)), clock.frames))];
}
