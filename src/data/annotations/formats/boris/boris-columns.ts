import { UsageError } from '../../../../system/errors.js';
import { printable } from '../../../../system/printable.js';
import { timeOf } from '../../csv-annotations.js';
import type { TextRow, TextTable } from '../../tools/text-table.js';
import { lastPart } from '../../tools/video-names-of.js';
import type { BorisMedia } from './boris-media.js';

/** A row of one of BORIS' tables. */
export interface BorisRow {
  where: string;
  observation: string;
  subject: string;
  behaviour: string;
  modifiers: string;
  /** START, STOP, POINT or STATE. */
  type: string;
  /** The field of a column by one of its names; '' where there is no such column. */
  cell: (...names: string[]) => string;
}

/** The rows of a table of events or bouts. Subjects called "No focal subject" have no name. */
export function borisRows(table: TextTable): BorisRow[] {
  const columns = new Map<string, number>();
  const modifiers = table.header.flatMap((name, i) => (/^modifiers?\b/i.test(name) ? [i] : []));
  const placeOf = (names: readonly string[]) => {
    const key = names.join('|');
    const known = columns.get(key) ?? table.column(...names);
    columns.set(key, known);
    return known;
  };
  return table.rows().map(({ line, cells }: TextRow): BorisRow => {
    const cell = (...names: string[]) => {
      const place = placeOf(names);
      return place < 0 ? '' : cells[place]!;
    };
    const subject = cell('subject');
    return {
      where: `${table.file}:${line}`,
      observation: cell('observation id'),
      subject: subject === 'No focal subject' ? '' : subject,
      behaviour: cell('behavior', 'behaviour'),
      modifiers: modifiers.map((place) => cells[place]!).join('|'),
      type: cell('behavior type', 'behaviour type', 'status').toUpperCase(),
      cell,
    };
  });
}

/**
 * Checks that the media file which a row names is the one in which its time lies.
 *
 * @param time - Seconds on the observation's clock.
 * @throws UsageError where it is not.
 */
export function checkMedia({ cell, where }: BorisRow, time: number, { files, offset }: BorisMedia): void {
  const named = cell('media file name', 'media file path', 'media file');
  let end = offset;
  const near = files.filter(({ seconds }, i) => {
    const from = end;
    end += seconds ?? Infinity;
    return time >= from - rounding && (time <= end + rounding || i === files.length - 1);
  });
  if (named.includes(';') || near.some(({ path }) => lastPart(path) === lastPart(named))) return;
  const shown = printable(lastPart(named), 60);
  throw new UsageError(
    `${where}: ${time} s is said to be in ${shown}, but by the lengths of the media files it is in ` +
      (near.map(({ path }) => printable(lastPart(path), 60)).join(' or ') || 'none'),
  );
}

/** Seconds by which an event may lie beyond the file that it is of: lengths of media are rounded. */
const rounding = 0.1;

/** The media files of the observation that a row belongs to, from its columns. */
export function mediaOf({ cell, where }: BorisRow): BorisMedia {
  const [, first] = /^player #1: ?(.*?)(?:\|? ?player #2:.*)?$/su.exec(cell('source')) ?? [];
  const named = cell('media file name', 'media file path', 'media file');
  const paths = (first ?? named).split(';').map((path) => path.trim());
  const lengths = cell('media duration', 'total length').split(';');
  const seconds = lengths.map((text) => (/^\d/.test(text.trim()) ? timeOf(text.trim(), where) : undefined));
  if (paths.length > 1 && lengths.length !== paths.length)
    throw new UsageError(
      `${where}: ${paths.length} media files one after the other, but ${lengths.length === 1 ? 'one length' : `${lengths.length} lengths`} ` +
        `(${printable(lengths.join(';'), 60)}): ` +
        'export with the length of each, or read the project file (.boris)',
    );
  const offset = cell('time offset');
  return {
    files: paths.map((path, i) => ({ path, seconds: seconds[i] })),
    offset: offset === '' || offset === 'NA' ? 0 : timeOf(offset, where),
  };
}
