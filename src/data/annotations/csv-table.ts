import { CsvError, parse } from 'csv-parse/sync';
import { UsageError } from '../../system/errors.js';
import { readText } from '../../system/files/files.js';
import { printable } from '../../system/printable.js';

/** A row of a table: its fields by column name, and the number of its last line. */
export interface TableRow {
  line: number;
  fields: Record<string, string>;
}

/** The columns of a table. */
export interface Columns {
  /** Those that the header must name. */
  required: readonly string[];
  /** Those that it may name. */
  optional?: readonly string[];
  /** Those required ones whose field may be empty in a row. */
  mayBeEmpty?: readonly string[];
}

/** What may stand between the fields of a row. */
export const separators = [',', ';', '\t'];

/** The largest table in bytes. Its rows take many times as much memory; published ones have a few hundred kilobytes. */
const maxBytes = 2 ** 25;
/** The most lines of a table: a line takes a twentieth of a millisecond to read, however short it is. */
const maxLines = 500_000;

/**
 * Reads a table with a header line, whose fields are separated by commas, semicolons or tabs. Capitals in the names of
 * columns do not count, and other columns than those asked for are passed over. Rows without any content are skipped,
 * and spaces around fields are dropped.
 *
 * @throws UsageError with file:line when it is missing or malformed, when it lacks a column or has one twice, or when a
 *   required field is empty.
 */
export function readTable(file: string, columns: Columns): TableRow[] {
  const { required, optional = [], mayBeEmpty = [] } = columns;
  const text = readText(file, 'CSV', maxBytes);
  refuseLongTable(text, file);
  const separator = separatorOf(text, required);
  const [header, ...rows] = parseRows(withoutSeparatorLine(text), separator, file);
  if (!header) throw new UsageError(`${file}:1: empty; the first line must name the columns ${required.join(',')}`);
  const names = header.cells.map((name) => name.toLowerCase());
  const place = (column: string) => {
    const at = names.indexOf(column);
    if (at >= 0 && names.includes(column, at + 1))
      throw new UsageError(`${file}:${header.line}: two columns are called "${column}": rename or delete one`);
    return at;
  };
  const places = new Map([...required, ...optional].map((column) => [column, place(column)]));
  const missing = required.filter((column) => places.get(column)! < 0);
  if (missing.length > 0) {
    const wanted = required.join(',') + optional.map((column) => `[,${column}]`).join('');
    throw new UsageError(
      `${file}:${header.line}: no column "${missing.join('" or "')}"; the header must be ${wanted}, ` +
        `and it is ${printable(header.cells.join(','), 120)}`,
    );
  }
  return rows.map(({ line, cells }) => {
    if (cells.length !== names.length)
      throw new UsageError(
        `${file}:${line}: ${cells.length} fields, but the first line names ${names.length} columns: ` +
          'put text with a separator in it into quotes, and write numbers with a decimal point',
      );
    const fields = Object.fromEntries([...places].flatMap(([name, at]) => (at < 0 ? [] : [[name, cells[at]!]])));
    const empty = required.find((column) => fields[column] === '' && !mayBeEmpty.includes(column));
    if (empty !== undefined) throw new UsageError(`${file}:${line}: ${empty} is empty`);
    return { line, fields };
  });
}

/** Refuses a table of more lines than are read in a reasonable time. */
export function refuseLongTable(text: string, file: string): void {
  if (text.split('\n', maxLines + 2).length > maxLines + 1)
    throw new UsageError(`${file}: more than ${maxLines} lines: divide it into several tables`);
}

/** A first line with which spreadsheets are told the separator: `sep=;`. */
export const separatorLine = /^"?sep=(.)"?\r?(?=\n|$)/i;

/** The text in which that line, if there is one, is empty, so that the numbers of lines stay the same. */
export function withoutSeparatorLine(text: string): string {
  return text.replace(separatorLine, '');
}

/** The separator by which most of the wanted columns are found in the first line. */
function separatorOf(text: string, wanted: readonly string[]): string {
  const named = separatorLine.exec(text)?.[1];
  if (named !== undefined && separators.includes(named)) return named;
  const [first = ''] = withoutSeparatorLine(text)
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '');
  const found = (separator: string) => {
    const names = first.split(separator).map((name) => name.replaceAll('"', '').trim().toLowerCase());
    return wanted.filter((column) => names.includes(column)).length;
  };
  return separators.reduce((best, separator) => (found(separator) > found(best) ? separator : best));
}

/** What is wrong with quotes, by csv-parse's code of the error. */
const quoteErrors: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote (") is opened and not closed',
  INVALID_OPENING_QUOTE: 'a quote (") within a field: put the whole field into quotes and double those in it',
  CSV_INVALID_CLOSING_QUOTE: 'text behind the closing quote (") of a field: double the quotes within it',
};

/**
 * The rows of a table with the number of each one's last line.
 *
 * @throws UsageError with file:line where quotes are wrong.
 */
export function parseRows(text: string, delimiter: string, file: string): { line: number; cells: string[] }[] {
  try {
    const options = { delimiter, trim: true, relax_column_count: true, info: true } as const;
    const skip = { skip_empty_lines: true, skip_records_with_empty_values: true };
    const rows = parse(text, { ...options, ...skip }) as unknown;
    return (rows as { info: { lines: number }; record: string[] }[]).map(({ info, record }) => ({
      line: info.lines,
      cells: record,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error && typeof error.lines === 'number' ? error.lines : 1;
    const reason = quoteErrors[error.code] ?? error.message.replace(/\s+on line \d+$/, '');
    throw new UsageError(`${file}:${line}: ${printable(reason, 200)}`);
  }
}
