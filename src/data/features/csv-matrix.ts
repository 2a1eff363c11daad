import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { readBytesOf, requireFinite, type Matrix } from './matrix.js';

/** The text of a larger file would not fit into one string. */
const maxBytes = 2 ** 29 - 25;

/**
 * Reads a table of numbers with one row per line, separated by commas or by blanks, with or without a line of column
 * names. A first line 0,1,2,… counts as names, since pandas numbers columns without names.
 *
 * @throws UsageError with file:line.
 */
export function readCsvMatrix(file: string): Matrix {
  const lines = readBytesOf(file, maxBytes)
    .toString('latin1')
    .replace(/^\u00EF\u00BB\u00BF/, '')
    .split(/\r\n|\n|\r/);
  const rows: { line: number; text: string }[] = [];
  lines.forEach((text, i) => {
    if (text.trim() !== '') rows.push({ line: i + 1, text: text.trim() });
  });
  if (rows[0] && /^("")?,/.test(rows[0].text))
    throw new UsageError(
      `${file}:${rows[0].line}: the first column has no name; if it holds row numbers, ` +
        'leave it out (pandas: index=False)',
    );
  if (rows[0] && isHeader(rows[0].text)) rows.shift();
  const [first] = rows;
  if (!first) throw new UsageError(`${file}: no numbers in it`);
  const columns = fieldsOf(first.text).length;
  const data = new Float32Array(rows.length * columns);
  rows.forEach(({ line, text }, row) => {
    const fields = fieldsOf(text);
    if (fields.length !== columns)
      throw new UsageError(`${file}:${line}: ${fields.length} numbers, but ${columns} in line ${first.line}`);
    fields.forEach((field, column) => {
      const value = numeric(field) ? Number(field) : NaN;
      if (Number.isNaN(value))
        throw new UsageError(`${file}:${line}: "${printable(field, 40)}" is not a finite number`);
      data[row * columns + column] = value;
    });
  });
  const matrix: Matrix = { data, shape: [rows.length, columns] };
  requireFinite(file, matrix);
  return matrix;
}

function fieldsOf(text: string): string[] {
  return text.includes(',') ? text.split(',') : text.split(/[\s;]+/);
}

/** Whether a line holds names of columns: none of them is a number, or they are 0, 1, 2, …. */
function isHeader(text: string): boolean {
  const fields = fieldsOf(text).map((field) => field.trim());
  if (fields.length > 1 && fields.every((field, i) => field === String(i))) return true;
  return !fields.some((field) => numeric(field) || /^[+-]?(nan|inf(inity)?)$/i.test(field));
}

/** Whether a field is a decimal number. {@link Number} accepts more, such as blanks and `0x10`. */
function numeric(field: string): boolean {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(field);
}
