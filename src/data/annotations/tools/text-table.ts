import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import { parseRows, refuseLongTable, separatorLine, separators, withoutSeparatorLine } from '../csv-table.js';

/** A row of a table: its fields, and the number of its last line. */
export interface TextRow {
  line: number;
  cells: string[];
}

/**
 * A table as text, of which only the beginning has been looked at: comment lines (`#`), then a line that names the
 * columns. Fields are separated by commas, semicolons or tabs, whichever divides that line into the most fields.
 */
export class TextTable {
  /** The lines before the header that begin with `#`. */
  readonly comments: readonly string[];
  /** The names of the columns as they are written. */
  readonly header: readonly string[];
  readonly separator: string;
  private readonly body: string;

  constructor(
    readonly file: string,
    text: string,
  ) {
    const plain = withoutSeparatorLine(text);
    const [comments] = /^(?:\s*#[^\n]*(?:\n|$))*/.exec(plain)!;
    this.comments = comments.split('\n').map((line) => line.trim());
    // The comments' lines stay as empty ones, so that the others keep their numbers.
    this.body = comments.replace(/[^\n]/g, '') + plain.slice(comments.length);
    const [first = ''] = plain
      .slice(comments.length)
      .trimStart()
      .split(/[\r\n]/, 1);
    const line = first.slice(0, 10_000);
    const named = separatorLine.exec(text)?.[1];
    const fields = (separator: string) => fieldsOf(line, separator).length;
    this.separator =
      named !== undefined && separators.includes(named)
        ? named
        : separators.reduce((best, one) => (fields(one) > fields(best) ? one : best));
    this.header = fieldsOf(line, this.separator);
  }

  /** The place of the first column that has one of some names, capitals and spaces apart; -1: none. */
  column(...names: string[]): number {
    const known = this.header.map(plainName);
    return known.findIndex((name) => names.includes(name));
  }

  /**
   * The rows below the header; empty ones are left out. Fields are without spaces around them.
   *
   * @param header - Whether there is a header.
   * @throws UsageError with file:line where a row has another number of fields than the header, or quotes are wrong.
   */
  rows(header = true): TextRow[] {
    refuseLongTable(this.body, this.file);
    const rows = parseRows(this.body, this.separator, this.file);
    const [first] = rows;
    const body = header ? rows.slice(1) : rows;
    const width = first?.cells.length ?? 0;
    return body.map(({ line, cells }) => {
      const spare = cells.slice(width);
      if (cells.length < width || spare.some((cell) => cell !== ''))
        throw new UsageError(
          `${this.file}:${line}: ${cells.length} fields, but the first line names ${width} columns: ` +
            'put text with a separator in it into quotes, and write numbers with a decimal point',
        );
      return { line, cells };
    });
  }

  /** The names of the columns, for messages. */
  get says(): string {
    return printable(this.header.map((name) => (name === '' ? '""' : name)).join(', '), 200);
  }
}

/** The name of a column without differences that do not count: capitals, spaces, `_`, and a unit in brackets. */
export function plainName(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_]+/gu, ' ')
    .replace(/ ?[([](s|sec|secs|seconds|hh:mm:ss(\.\w+)?)[)\]]$/u, '')
    .trim();
}

/** The fields of one line, whose quotes are taken off. */
function fieldsOf(line: string, separator: string): string[] {
  const quoted = new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${separator}]*))\\s*(?:${separator}|$)`, 'gy');
  const fields: string[] = [];
  for (const match of line.matchAll(quoted)) {
    if (match[0] === '' && match.index === line.length && !line.endsWith(separator)) break;
    fields.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim());
    if (match.index + match[0].length >= line.length && !match[0].endsWith(separator)) break;
  }
  return fields;
}
