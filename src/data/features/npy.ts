import { UsageError } from '../../system/errors.js';
import { widenF16 } from '../../system/half.js';
import { printable } from '../../system/printable.js';
import { readBytesOf, requireFinite, squeezed, transposed, type Matrix, type NamedArray } from './matrix.js';

const magic = Buffer.from('\x93NUMPY', 'latin1');

/**
 * Reads the matrix of an .npy file.
 *
 * @throws UsageError as {@link parseNpy} does.
 */
export function readNpyMatrix(file: string): Matrix {
  return parseNpy(readBytesOf(file), file).read();
}

/**
 * Parses an array in NumPy's format (numpy.lib.format, versions 1 to 3). Only floats of 2, 4 or 8 bytes are read, in
 * either byte order and in row-major or column-major order (`fortran_order`).
 *
 * @param bytes - The file, or a member of an .npz, at least up to the end of the header.
 * @param where - Names the file, and the member, in messages.
 * @param whole - The number of all its bytes, and how they are read; by default they are `bytes`.
 * @throws UsageError when the header is not NumPy's or the data have another length than it says. `read` throws it when
 * the type is not supported or a value is not finite.
 */
export function parseNpy(
  bytes: Buffer,
  where: string,
  name = '',
  whole = { size: bytes.length, read: () => bytes },
): NamedArray {
  const wrong = (reason: string) => new UsageError(`not a valid .npy file: ${where}: ${reason}`);
  if (bytes.length < 10 || !bytes.subarray(0, 6).equals(magic)) throw wrong('it does not begin like one');
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw wrong(`format version ${version} is not supported`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw wrong('it ends within the header');
  const length = version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  if (start + length > bytes.length) throw wrong('it ends within the header');
  if (length > maxHeader) throw wrong(`its header of ${length} bytes is too long`);
  const fields = parseHeader(bytes.toString('latin1', start, start + length));
  if (fields === null) throw wrong("its header is not {'descr': …, 'fortran_order': …, 'shape': …}");
  const { descr, fortran, shape } = fields;
  const [, order, kind, size] = /^([<>=|])?([a-zA-Z])(\d+)?$/.exec(descr) ?? [];
  const width = Number(size);
  const floats = kind === 'f' && [2, 4, 8].includes(width);

  const read = (): Matrix => {
    if (!floats)
      throw new UsageError(`${where}: numbers of type ${printable(descr, 40)}; floats of 2, 4 or 8 bytes expected`);
    const sizes = squeezed(shape);
    if (sizes === null)
      throw new UsageError(`${where}: shape [${printable(shape.join(), 40)}]; [rows, columns] expected`);
    const [rows, columns] = sizes;
    const expected = rows * columns * width;
    const given = whole.size - start - length;
    if (given !== expected) throw wrong(`[${shape.join()}] takes ${expected} bytes, but there are ${given}`);
    const values = readFloats(whole.read().subarray(start + length), width, order === '>');
    const matrix: Matrix = fortran
      ? transposed({ data: values, shape: [columns, rows] })
      : { data: values, shape: sizes };
    requireFinite(where, matrix);
    return matrix;
  };
  return { name, shape, floats, read };
}

/** NumPy's headers take about a hundred bytes, those of record types somewhat more. */
const maxHeader = 2 ** 16;

interface Header {
  descr: string;
  fortran: boolean;
  shape: number[];
}

/**
 * The three fields of a header, which may be in any order; null when the text is anything else.
 * For record types `descr` is ''.
 */
function parseHeader(text: string): Header | null {
  const body = /^\s*\{([^{}]*)\}\s*$/.exec(text)?.[1];
  if (body === undefined) return null;
  const found = new Map<string, string>();
  const field = /\s*(?:'(\w+)'|"(\w+)")\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d\sL,]*\)|\[.*\])\s*(?:,|$)/gy;
  let end = 0;
  for (const match of body.matchAll(field)) {
    found.set((match[1] ?? match[2])!, match[3]!);
    end = match.index + match[0].length;
  }
  if (found.size !== 3 || body.slice(end).trim() !== '') return null;
  const [descr, fortran, shape] = ['descr', 'fortran_order', 'shape'].map((key) => found.get(key));
  if (!descr || !/^['"[]/.test(descr) || !fortran || !/^(True|False)$/.test(fortran) || !shape) return null;
  const sizes = parseTuple(shape);
  return sizes && { descr: descr.startsWith('[') ? '' : descr.slice(1, -1), fortran: fortran === 'True', shape: sizes };
}

/** Sizes from `(100, 400)`, `(3,)` or `()`. Python 2 wrote long numbers as `100L`. */
function parseTuple(text: string): number[] | null {
  const inner = /^\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?\s*)?)\)$/.exec(text)?.[1];
  if (inner === undefined) return null;
  const sizes = (inner.match(/\d+/g) ?? []).map(Number);
  return sizes.every(Number.isSafeInteger) ? sizes : null;
}

function readFloats(bytes: Buffer, width: number, bigEndian: boolean): Float32Array {
  // The copy is aligned as typed arrays require, and may be changed.
  const own = Buffer.from(new ArrayBuffer(bytes.length));
  bytes.copy(own);
  if (bigEndian) ({ 2: () => own.swap16(), 4: () => own.swap32(), 8: () => own.swap64() })[width]!();
  const { buffer } = own;
  if (width === 2) return widenF16(new Uint16Array(buffer));
  return width === 4 ? new Float32Array(buffer) : Float32Array.from(new Float64Array(buffer));
}
