import { UsageError } from '../../../../system/errors.js';
import { printable } from '../../../../system/printable.js';
import type { Warning } from '../../annotations.js';
import { timeOf } from '../../csv-annotations.js';
import { labelText } from '../../tools/label-text.js';
import { TextTable } from '../../tools/text-table.js';
import type { LabelledFile, LabelledVideo, ToolFormat } from '../../tools/tool-format.js';
import { borisRows, checkMedia, mediaOf, type BorisRow } from './boris-columns.js';
import { pairEvents, type BorisEvent } from './boris-events.js';
import { onMedia } from './boris-media.js';

/** BORIS' tabular events since version 8: a row an event, with all that is known of its observation. */
export const borisTabular: ToolFormat = {
  name: 'BORIS tabular events',
  toldBy: 'columns Observation id, Behavior, Behavior type, Time, Media file name',
  fits: ({ table }) =>
    table !== undefined &&
    [['observation id'], ['behavior', 'behaviour'], ['behavior type', 'behaviour type'], ['time']].every(
      (names) => table.column(...names) >= 0,
    ),
  read: ({ table }) => ofEvents(borisRows(table!)),
};

/** The events of one or several observations as videos. */
function ofEvents(rows: readonly BorisRow[]): LabelledFile {
  const observations = new Map<string, BorisRow[]>();
  const warnings: Warning[] = [];
  for (const row of rows) {
    const media = row.cell('media file name', 'media file path');
    if (media === '' || media === 'NA') {
      const text = `${row.where}: left out: an event without a media file (of a live observation or of images)`;
      warnings.push({ kind: 'events without a video', text });
      continue;
    }
    const known = observations.get(row.observation);
    if (known) known.push(row);
    else observations.set(row.observation, [row]);
  }
  const videos = [...observations.values()].flatMap((list): LabelledVideo[] => {
    const [first] = list as [BorisRow];
    const media = mediaOf(first);
    const events = list.map((row) => {
      const event = eventOf(row);
      checkMedia(row, event.time, media);
      return event;
    });
    return onMedia(media, pairEvents(events), first.where);
  });
  return { videos, warnings };
}

const types = ['START', 'STOP', 'POINT', 'STATE'] as const;

function eventOf({ cell, where, subject, behaviour, modifiers, type }: BorisRow): BorisEvent {
  const known = types.find((name) => name === type);
  if (known === undefined)
    throw new UsageError(`${where}: "${printable(type, 40)}" is no type of event: START, STOP or POINT`);
  const time = timeOf(cell('time'), where);
  return { time, subject, behaviour: labelText(behaviour), modifiers, type: known, where: () => where };
}

/** The line that names the columns of version 7's tabular events. */
const header7 = /^Time[\t,;]Media file path[\t,;].*$/m;

/** BORIS' tabular events up to version 7: lines about the observation, an empty one, then a row an event. */
export const borisTabular7: ToolFormat = {
  name: 'BORIS tabular events up to version 7',
  toldBy: 'a first line "Observation id", and below it columns Time, Media file path, …, Status',
  fits: ({ beginning }) => /^\s*Observation id[\t,;][^\n]*\n/.test(beginning) && header7.test(beginning),
  read({ text, file }) {
    const { index } = header7.exec(text)!;
    const about = text.slice(0, index);
    // The lines above are left empty, so that rows keep their numbers.
    const table = new TextTable(file, about.replace(/[^\n]/g, '') + text.slice(index));
    const [, offset = ''] = /^Time offset \(s\)[\t,;]"?([^"\t,;\r\n]*)/m.exec(about) ?? [];
    const paths = [...about.matchAll(/^Player #1[\t,;]"?([^"\t\r\n]*)/gm)].map(([, path]) => path!.trim());
    const source = paths.length > 1 ? `player #1:${paths.join(';')}` : '';
    const rows = borisRows(table).map((row): BorisRow => ({
      ...row,
      cell: (...names) =>
        names.includes('source') ? source : names.includes('time offset') ? offset.trim() : row.cell(...names),
    }));
    const nothing: LabelledVideo[] = paths.map((path) => ({ names: [path], where: `${file}:1`, instances: [] }));
    return rows.length > 0 ? ofEvents(rows) : { videos: nothing, warnings: [] };
  },
};
