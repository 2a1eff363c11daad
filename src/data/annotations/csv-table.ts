import { CsvError, parse } from 'csv-parse/sync';
import { UsageError } from '../../system/errors.js';
import { readText } from '../../system/files/files.js';
import { printable } from '../../system/printable.js';

/** A row of a CSV file: its fields by column name, and the number of its last line. */
export interface TableRow {
  line: number;
  fields: Record<string, string>;
}

/** The largest table in bytes. Its rows take many times as much memory; published ones have a few hundred kilobytes. */
const maxBytes = 2 ** 25;

/**
 * Reads a CSV file with a header line. Blank lines are skipped, and spaces around fields are dropped.
 *
 * @throws UsageError with file:line when it is missing or malformed, lacks a column, or a required field is empty.
 */
export function readTable(file: string, required: readonly string[], optional: readonly string[]): TableRow[] {
  const [header, ...rows] = parseRows(readText(file, 'CSV', maxBytes), file);
  if (!header) throw new UsageError(`${file}:1: empty; the first line must name the columns ${required.join(',')}`);
  const missing = required.filter((column) => !header.cells.includes(column));
  if (missing.length > 0) {
    throw new UsageError(
      `${file}:${header.line}: no column "${missing[0]!}"; the header must be ` +
        `${required.join(',')}${optional.map((column) => `[,${column}]`).join('')}`,
    );
  }
  return rows.map(({ line, cells }) => {
    const fields = Object.fromEntries(header.cells.map((column, i) => [column, cells[i]!]));
    const empty = required.find((column) => fields[column] === '');
    if (empty !== undefined) throw new UsageError(`${file}:${line}: ${empty} is empty`);
    return { line, fields };
  });
}

function parseRows(text: string, file: string): { line: number; cells: string[] }[] {
  try {
    const rows = parse(text, { bom: true, trim: true, skip_empty_lines: true, info: true }) as unknown;
    return (rows as { info: { lines: number }; record: string[] }[]).map(({ info, record }) => ({
      line: info.lines,
      cells: record,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error && typeof error.lines === 'number' ? error.lines : 1;
    throw new UsageError(`${file}:${line}: ${printable(error.message.replace(/\s+on line \d+$/, ''), 200)}`);
  }
}
