import { UsageError } from '../../system/errors.js';
import { readRegularFile } from '../../system/files/regular-file.js';
import { printable } from '../../system/printable.js';

/** A 2-D array of finite numbers, row-major. */
export interface Matrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, columns: number];
}

/** An array of a file that may hold several. Its shape is known before its values are read. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether it holds floating-point numbers. */
  readonly floats: boolean;
  readonly read: () => Matrix;
}

/** Names of the array with the features in published files that hold several arrays. */
const usualNames = ['feats', 'features'];

/**
 * Reads the array of a file that holds a video's features: its only 2-D array of floats, or the one
 * called `feats` or `features`.
 *
 * @throws UsageError when there is none, or several could be meant.
 */
export function chooseMatrix(file: string, arrays: readonly NamedArray[]): Matrix {
  const fitting = arrays.filter(({ shape, floats }) => floats && squeezed(shape) !== null);
  const named = fitting.filter(({ name }) => usualNames.includes(name));
  const [chosen, ...others] = named.length > 0 ? named : fitting;
  if (chosen && others.length === 0) return chosen.read();
  const list = arrays.map(({ name, shape }) => `${printable(name, 40)} [${printable(shape.join(), 40)}]`);
  const all = list.slice(0, 5).join(', ') + (list.length > 5 ? ` and ${list.length - 5} more` : '');
  throw new UsageError(
    chosen
      ? `${file}: several arrays could be the features: ${all}; leave one, or name it "feats"`
      : `${file}: no 2-D array of floats in it${all && `: ${all}`}`,
  );
}

/**
 * Rows and columns of a shape without its sizes of 1, which are removed from the front first; null where the shape is
 * not that of a matrix, or the matrix is empty.
 */
export function squeezed(shape: readonly number[]): [rows: number, columns: number] | null {
  const sizes = [...shape];
  while (sizes.length > 2) {
    if (sizes[0] === 1) sizes.shift();
    else if (sizes.at(-1) === 1) sizes.pop();
    else return null;
  }
  const [rows, columns] = sizes;
  return rows !== undefined && columns !== undefined && rows > 0 && columns > 0 ? [rows, columns] : null;
}

/** Swaps rows and columns. */
export function transposed({ data, shape: [rows, columns] }: Matrix): Matrix {
  const turned = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = data[i * columns + j]!;
  return { data: turned, shape: [columns, rows] };
}

/**
 * Checks that all values are finite.
 *
 * @throws UsageError naming the first row and column, from 1, whose value is not finite.
 */
export function requireFinite(file: string, { data, shape: [, columns] }: Matrix): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const [row, column] = [Math.floor(at / columns) + 1, (at % columns) + 1];
  throw new UsageError(
    `${file}: row ${row}, column ${column} is ${data[at]!}: not a finite number of single precision`,
  );
}

/** No video's features are larger than this. */
const maxBytes = 2 ** 31 - 1;

/**
 * Reads a whole file.
 *
 * @throws UsageError when it cannot be read, is not a regular file, or is larger than `limit` bytes.
 */
export function readBytesOf(file: string, limit = maxBytes): Buffer {
  return readRegularFile(file, 'features', limit);
}
