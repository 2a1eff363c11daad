import { closeSync } from 'node:fs';
import { UsageError } from '../../system/errors.js';
import { openRegularFile, readBytes, withFile } from '../../system/files/regular-file.js';
import { widenBF16, widenF16 } from '../../system/half.js';
import { printable } from '../../system/printable.js';
import { parseStrictJson } from './strict-json.js';
import { arrays, bytesOf, sizeOf, type Dtype, type TensorData } from './tensor.js';

/** A dtype as it may occur in a file. F16 and BF16 are widened to F32 when they are read. */
type FileDtype = Dtype | 'F16' | 'BF16';

const elementBytes: Record<FileDtype, number> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1, BOOL: 1 };

/** Place of one tensor in a safetensors file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: FileDtype;
  readonly shape: readonly number[];
  /** Position in the file in bytes. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The checked header of a file whose tensors have not been read yet. */
export interface SafetensorsHeader {
  readonly file: string;
  /** In the order of the file. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Enough for 100,000 tensors. Parsing takes several times as much memory, so a hostile header must not be larger. */
const maxHeaderBytes = 2 ** 24;
/** Levels of nesting: the header, an entry in it, its shape. */
const maxDepth = 3;
const what = 'safetensors file';
const howToUnpickle =
  'Write them as safetensors in Python: import torch, safetensors.torch as st; ' +
  'w = torch.load("IN.pth", map_location="cpu", weights_only=True); w = w.get("state_dict", w); ' +
  'st.save_file({k: v.clone().contiguous() for k, v in w.items()}, "OUT.safetensors")';
const metadataKey = '__metadata__';
/** Names with a special meaning as keys of a plain object, or that the format reserves. */
const reservedNames = new Set([metadataKey, '__proto__', 'constructor', 'prototype']);

/**
 * The parts of a safetensors file, to be written one after the other. The tensors' bytes are not copied. The
 * result depends only on the content: tensors with the widest elements come first (so that each one is aligned),
 * then they are sorted by name.
 *
 * @throws Error when a tensor's data does not fit its dtype and shape, or a name is reserved.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorData>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const sorted = [...tensors].sort(
    ([a, s], [b, t]) => elementBytes[t.dtype] - elementBytes[s.dtype] || (a < b ? -1 : 1),
  );
  const keys = Object.keys(metadata).sort();
  const fields = keys.length
    ? [`"${metadataKey}":{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`).join()}}`]
    : [];
  let end = 0;
  for (const [name, tensor] of sorted) {
    const { dtype, shape, data } = tensor;
    if (reservedNames.has(name)) throw new Error(`a tensor cannot be named ${name}`);
    if (!(data instanceof arrays[dtype]) || data.length !== sizeOf(shape))
      throw new Error(`tensor ${name}: ${data.constructor.name}(${data.length}) is not ${dtype} [${shape.join()}]`);
    const begin = end;
    end += data.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const json = Buffer.from(`{${fields.join()}}`);
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return [header, ...sorted.map(([, tensor]) => bytesOf(tensor))];
}

/**
 * Reads a whole safetensors file.
 *
 * @throws UsageError naming the file and what is wrong with it.
 */
export function readSafetensors(file: string): {
  tensors: Map<string, TensorData>;
  metadata: Readonly<Record<string, string>>;
} {
  const header = readSafetensorsHeader(file);
  return { tensors: new Map(readTensors(header)), metadata: header.metadata };
}

/**
 * Reads and checks the header of a safetensors file. No more memory is allocated than the size of the file justifies.
 *
 * @throws UsageError naming the file and what is wrong with it.
 */
export function readSafetensorsHeader(file: string): SafetensorsHeader {
  return withFile(file, what, (open) => {
    const { size } = open;
    if (size < 8) throw broken(file, `${size} bytes long, shorter than any safetensors file`);
    const start = readBytes(open, 0, 8);
    const headerBytes = Number(start.readBigUInt64LE());
    if (headerBytes > maxHeaderBytes && isPickled(start))
      throw new UsageError(`pickled PyTorch weights cannot be read: ${file}. ${howToUnpickle}`);
    if (headerBytes > size - 8) throw broken(file, `the header claims ${headerBytes} bytes, but the file has ${size}`);
    if (headerBytes > maxHeaderBytes)
      throw broken(file, `its header has ${headerBytes} bytes (at most ${maxHeaderBytes} are allowed)`);
    const fields = parseHeader(file, readBytes(open, 8, headerBytes));
    const metadata = readMetadata(file, fields.get(metadataKey));
    fields.delete(metadataKey);
    const dataStart = 8 + headerBytes;
    const entries = [...fields].map(([name, field]) => readEntry(file, name, field, dataStart));
    entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
    checkCoverage(file, entries, dataStart, size);
    return { file, entries, metadata };
  });
}

/**
 * Reads tensors one after the other, so that only one needs to be in memory.
 *
 * @param entries - The tensors to read; by default all of the file.
 * @throws UsageError when the file has become shorter than its header says.
 */
export function* readTensors(
  header: SafetensorsHeader,
  entries: readonly TensorEntry[] = header.entries,
): Generator<[name: string, tensor: TensorData]> {
  const open = openRegularFile(header.file, what);
  try {
    for (const { name, dtype, shape, offset, byteLength } of entries) {
      const bytes = readBytes(open, offset, byteLength);
      if (dtype === 'F16' || dtype === 'BF16') {
        const halves = new Uint16Array(bytes.buffer);
        yield [name, { dtype: 'F32', shape, data: dtype === 'F16' ? widenF16(halves) : widenBF16(halves) }];
      } else {
        yield [name, { dtype, shape, data: new arrays[dtype](bytes.buffer) }];
      }
    }
  } finally {
    closeSync(open.fd);
  }
}

/**
 * Whether a file begins like a zip (torch.save since 1.6) or a bare pickle. Read as the length of a header, both
 * beginnings are far above any real one.
 */
function isPickled(start: Buffer): boolean {
  return start.toString('latin1', 0, 4) === 'PK\x03\x04' || start[0] === 0x80;
}

function parseHeader(file: string, bytes: Uint8Array): Map<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parseStrictJson(bytes, maxDepth);
  } catch (error) {
    throw broken(file, `the header ${(error as Error).message}`);
  }
  if (!isObject(parsed)) throw broken(file, 'the header is not a JSON object');
  return new Map(Object.entries(parsed));
}

function readMetadata(file: string, field: unknown): Record<string, string> {
  if (field === undefined) return {};
  if (!isObject(field)) throw broken(file, `${metadataKey} is not an object`);
  for (const [key, value] of Object.entries(field)) {
    if (reservedNames.has(key)) throw broken(file, `${metadataKey} has a reserved key, "${key}"`);
    if (typeof value !== 'string') throw broken(file, `${metadataKey}."${printable(key)}" is not a string`);
  }
  return field as Record<string, string>;
}

function readEntry(file: string, name: string, field: unknown, dataStart: number): TensorEntry {
  const wrong = (reason: string) => broken(file, `tensor "${printable(name)}": ${reason}`);
  if (reservedNames.has(name)) throw wrong('the name is reserved');
  if (!isObject(field)) throw wrong('its entry is not an object');
  const { dtype, shape, data_offsets: offsets } = field;
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype))
    throw wrong(
      `dtype ${printable(typeof dtype === 'string' ? dtype : typeof dtype)} is not one of ` +
        Object.keys(elementBytes).join(' '),
    );
  if (!isSizes(shape)) throw wrong('its shape is not a list of whole numbers');
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong('data_offsets are not two whole numbers');
  const [begin, end] = offsets as [number, number];
  const expected = sizeOf(shape) * elementBytes[dtype as FileDtype];
  if (end - begin !== expected)
    throw wrong(`${dtype} [${printable(shape.join())}] takes ${expected} bytes, but data_offsets give ${end - begin}`);
  return { name, dtype: dtype as FileDtype, shape, offset: dataStart + begin, byteLength: expected };
}

/** Checks that the tensors cover the data exactly: no overlap, no hole, nothing behind the last one. */
function checkCoverage(file: string, entries: readonly TensorEntry[], dataStart: number, fileSize: number): void {
  let at = dataStart;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== at)
      throw broken(file, `tensor "${printable(name)}" ${offset < at ? 'overlaps another' : 'follows a hole'}`);
    at = offset + byteLength;
  }
  if (at !== fileSize) throw broken(file, `its tensors end at byte ${at}, but the file ends at ${fileSize}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}

function broken(file: string, reason: string): UsageError {
  return new UsageError(`not a valid safetensors file: ${file}: ${reason}`);
}
