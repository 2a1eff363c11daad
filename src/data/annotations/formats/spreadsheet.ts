import { UsageError } from '../../../system/errors.js';
import { nearest } from '../../../system/nearest.js';
import { printable } from '../../../system/printable.js';
import type { Warning } from '../annotations.js';
import { timeOf } from '../csv-annotations.js';
import { labelText, withoutApostrophe } from '../tools/label-text.js';
import { plainName, type TextTable } from '../tools/text-table.js';
import type { ColumnNames, LabelledFile, LabelledVideo, ToolFormat } from '../tools/tool-format.js';

/** Usual names of columns, in small letters. The first is ours. */
const usual = {
  video: [
    ...['video', 'video name', 'video file', 'video id', 'videos', 'file', 'filename', 'file name', 'media'],
    ...['media file', 'clip', 'recording', 'movie', 'videodatei', 'datei', 'dateiname', 'vidéo', 'fichier', 'archivo'],
  ],
  start: [
    ...['start', 'start time', 'starttime', 'time start', 'begin', 'begin time', 'beginning', 'onset', 'from'],
    ...['t start', 'anfang', 'beginn', 'startzeit', 'début', 'inicio'],
  ],
  end: [
    ...['end', 'end time', 'endtime', 'time end', 'stop', 'stop time', 'offset', 'to', 'finish', 't end'],
    ...['ende', 'endzeit', 'fin'],
  ],
  label: [
    ...['label', 'labels', 'class', 'class name', 'action', 'behaviour', 'behavior', 'event', 'activity', 'category'],
    ...['annotation', 'code', 'klasse', 'verhalten', 'aktion', 'étiquette', 'etiqueta'],
  ],
  subset: ['subset', 'split'],
  unlabelled: ['unlabelled'],
} as const;
type Column = keyof typeof usual;
const required = ['video', 'start', 'end', 'label'] as const;

/** Where the columns that we know stand; -1: there is none. */
type Places = Readonly<Record<Column, number>>;

/**
 * A table of people's own: a row an action, in any order of columns, separated by commas, semicolons or tabs, times
 * with a decimal point or comma, or as hh:mm:ss. A row with a video alone is a video in which nothing happens.
 */
export const spreadsheet: ToolFormat = {
  name: 'spreadsheet',
  toldBy: 'a first line that names columns for video, start, end and label',
  fits: ({ table }) => {
    if (!table || table.column('observation id') >= 0) return false;
    const places = placesOf(table, {});
    return required.every((column) => places[column] >= 0);
  },
  read: ({ table }, { columns }) => readSpreadsheet(table!, columns),
};

function placesOf(table: TextTable, columns: ColumnNames): Places {
  const header = table.header.map(plainName);
  const of = (column: Column) => {
    const named = column === 'unlabelled' ? undefined : columns[column];
    if (named !== undefined) return placeOfName(table, named, column);
    const found = usual[column].map((name) => header.indexOf(name)).find((place) => place >= 0) ?? -1;
    if (found >= 0 && header.includes(header[found]!, found + 1))
      throw new UsageError(
        `${table.file}: two columns are called "${printable(header[found]!, 40)}": rename or delete one`,
      );
    return found;
  };
  const names = Object.keys(usual) as Column[];
  return Object.fromEntries(names.map((column) => [column, of(column)])) as Record<Column, number>;
}

/** The place of a column that the user has named: as it is written, or with other capitals and spaces. */
function placeOfName(table: TextTable, name: string, column: string): number {
  const exact = table.header.indexOf(name);
  const place = exact >= 0 ? exact : table.column(plainName(name));
  if (place >= 0) return place;
  const meant = nearest(name, table.header);
  throw new UsageError(
    `${table.file}: no column "${printable(name, 60)}" (--columns ${column}=…)` +
      `${meant === undefined ? '' : `; did you mean "${printable(meant, 60)}"?`}: the columns are ${table.says}`,
  );
}

function readSpreadsheet(table: TextTable, columns: ColumnNames): LabelledFile {
  const { file } = table;
  const places = placesOf(table, columns);
  const lacking = required.filter((column) => places[column] < 0);
  if (lacking.length > 0)
    throw new UsageError(
      `${file}: no column for ${lacking.join(', ')}: name it with --columns ${lacking[0]!}=NAME; ` +
        `the columns are ${table.says}`,
    );
  const rows = table.rows();
  const isDecimal = commasAreDecimal(rows.flatMap(({ cells }) => [cells[places.start]!, cells[places.end]!]));
  const [startScale, endScale] = [scaleOf(table, places.start), scaleOf(table, places.end)];
  const videos = rows.map(({ line, cells }): LabelledVideo => {
    const where = `${file}:${line}`;
    const cell = (column: Column) => (places[column] < 0 ? '' : cells[places[column]]!);
    const video = withoutApostrophe(cell('video'));
    if (video === '') throw new UsageError(`${where}: ${nameOf(table, places.video)} is empty`);
    const subset = cell('subset');
    const entry = { names: [video], where, ...(subset !== '' && { subset }) };
    const unlabelled = isMarked(cell('unlabelled'));
    const label = labelText(withoutApostrophe(cell('label')));
    const empty = (['start', 'end', 'label'] as const).filter((column) => cell(column) === '');
    if (empty.length === 3) return { ...entry, instances: [] };
    const lacks = empty.find((column) => !(unlabelled && column === 'label'));
    if (lacks !== undefined || (label === '' && !unlabelled))
      throw new UsageError(
        `${where}: ${nameOf(table, places[lacks ?? 'label'])} is empty; a video without actions has a line with start, ` +
          'end and label all empty',
      );
    const [start, end] = (
      [
        ['start', startScale],
        ['end', endScale],
      ] as const
    ).map(([column, scale]) => timeOf(isDecimal ? cell(column).replace(',', '.') : cell(column), where) * scale) as [
      number,
      number,
    ];
    if (unlabelled) return { ...entry, instances: [], unlabelled: [[start, end]] };
    return { ...entry, instances: [{ start, end, label }] };
  });
  return { videos, warnings: chosenColumns(table, places, columns) };
}

/** Says which columns were taken where they are not called as ours, and the user has not named them. */
function chosenColumns(table: TextTable, places: Places, columns: ColumnNames): Warning[] {
  const taken = required.filter((column) => columns[column] === undefined);
  if (taken.every((column) => plainName(table.header[places[column]]!) === column)) return [];
  const list = taken.map((column) => `${column} is ${nameOf(table, places[column])}`).join(', ');
  return [{ kind: 'tables with other columns', text: `${table.file}: ${list}; --columns names others` }];
}

const nameOf = (table: TextTable, place: number): string => JSON.stringify(printable(table.header[place]!, 40));

/** Whether commas in times are decimal marks: some cannot be anything else, and no time has a point. */
function commasAreDecimal(times: readonly string[]): boolean {
  const isClear = (text: string) => /,\d+$/.test(text) && !/^[1-9]\d{0,2},\d{3}$/.test(text);
  return times.some(isClear) && !times.some((text) => text.includes('.'));
}

/** What a time of a column is in seconds, by the unit in its name. */
function scaleOf(table: TextTable, place: number): number {
  const name = table.header[place]!;
  if (/frame/i.test(name))
    throw new UsageError(
      `${table.file}: the column ${nameOf(table, place)} counts frames: times must be seconds or hh:mm:ss.mmm`,
    );
  return /\b(ms|msec|millis(econds?)?)\b/i.test(name.replaceAll('_', ' ')) ? 0.001 : 1;
}

/** Whether a field says that its row is a stretch that nobody has labelled. */
function isMarked(text: string): boolean {
  return /^(1|yes|true|x)$/i.test(text);
}
