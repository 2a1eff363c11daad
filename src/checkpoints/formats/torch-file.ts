import { UsageError } from '../../system/errors.js';
import { widenBF16, widenF16 } from '../../system/half.js';
import { printable } from '../../system/printable.js';
import { readRegularFile } from '../../system/files/regular-file.js';
import { zipMembers } from '../../system/files/zip.js';
import { PickledName, unpickle } from './pickle.js';
import { sizeOf, type Dtype, type TensorData, type TypedArray } from './tensor.js';

/** Reads the tensors of files that `torch.save` wrote, and nothing else: no code of a pickle is ever run. */

/**
 * A storage by its name. It is looked up after the pickle has been read, because files from before PyTorch 1.6 have
 * the storages behind the pickle.
 */
interface Storage {
  key: string;
  type: string;
}

/** A tensor as a strided view of a storage; offset and strides count elements. */
interface View {
  storage: Storage;
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

/** How the bytes of a type of storage are read. */
interface StorageType {
  /** Bytes of an element. */
  bytes: number;
  /** The type of the tensors that are read from it; half floats become F32. */
  dtype: Dtype;
  values: (raw: ArrayBuffer) => TypedArray;
}

const storages: Readonly<Record<string, StorageType>> = {
  'torch.FloatStorage': { bytes: 4, dtype: 'F32', values: (raw) => new Float32Array(raw) },
  'torch.DoubleStorage': { bytes: 8, dtype: 'F64', values: (raw) => new Float64Array(raw) },
  'torch.HalfStorage': { bytes: 2, dtype: 'F32', values: (raw) => widenF16(new Uint16Array(raw)) },
  'torch.BFloat16Storage': { bytes: 2, dtype: 'F32', values: (raw) => widenBF16(new Uint16Array(raw)) },
  'torch.LongStorage': { bytes: 8, dtype: 'I64', values: (raw) => new BigInt64Array(raw) },
  'torch.IntStorage': { bytes: 4, dtype: 'I32', values: (raw) => new Int32Array(raw) },
  'torch.ByteStorage': { bytes: 1, dtype: 'U8', values: (raw) => new Uint8Array(raw) },
  'torch.BoolStorage': { bytes: 1, dtype: 'BOOL', values: (raw) => new Uint8Array(raw) },
};

/** The largest file, in bytes: it is kept in memory while tensors are read. */
const maxFileBytes = 2 ** 31 - 1;
/** The largest pickle, in bytes. A tensor takes about 200 of them. */
const maxPickleBytes = 2 ** 25;
/** The most dimensions of a tensor, which is PyTorch's limit too. */
const maxRank = 64;

/** Begins files from before PyTorch 1.6: a pickle of the number 0x1950a86a20f9469cfc6c. */
const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
/** Number of bytes that {@link isTorchFile} needs. */
export const torchMark = magic.length;

/** Whether a file begins as `torch.save` writes it: as a zip or, before PyTorch 1.6, with a certain number. */
export function isTorchFile(start: Buffer): boolean {
  return isZip(start) || start.subarray(0, magic.length).equals(magic);
}

const isZip = (start: Buffer) => start.toString('latin1', 0, 4) === 'PK\x03\x04';

/** The tensors of a file of `torch.save`. Only those that are asked for are read. */
export interface TorchFile {
  readonly entries: readonly (Pick<TensorData, 'dtype' | 'shape'> & { readonly name: string })[];
  /** Reads a tensor. Throws {@link UsageError} when it reaches beyond its storage, or that is missing. */
  readonly read: (name: string) => TensorData;
}

/**
 * Opens the state_dict that `torch.save` wrote, alone or as an entry `state_dict` or `model`.
 *
 * @throws UsageError naming the file and what is wrong with it.
 */
export function readTorchFile(file: string): TorchFile {
  const bytes = readRegularFile(file, 'weights', maxFileBytes);
  const { value, storageOf } = isZip(bytes) ? readZip(bytes, file) : readBare(bytes, file);
  const kept = new Map<string, TypedArray>();
  const valuesOf = ({ key, type }: Storage): TypedArray => {
    // A file may claim that one storage has several types.
    const id = `${type} ${key}`;
    const known = kept.get(id);
    if (known) return known;
    const { bytes: each, values } = storages[type]!;
    const raw = storageOf(key);
    if (raw.length % each !== 0) throw broken(file, `storage ${printable(key)} ends within a number`);
    // A copy, because typed arrays must begin at multiples of their element size.
    const own = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength) as ArrayBuffer;
    const read = values(own);
    kept.set(id, read);
    return read;
  };
  const views = stateDict(value, file);
  return {
    entries: [...views].map(([name, { storage, shape }]) => ({ name, dtype: storages[storage.type]!.dtype, shape })),
    read: (name) => gathered(views.get(name)!, valuesOf, name, file),
  };
}

/** The value of a pickle, and the bytes of its storages by key. */
interface Pickled {
  value: unknown;
  storageOf: (key: string) => Buffer;
}

/**
 * Reads a file from before PyTorch 1.6: three pickles with version information, a pickle of the value, a pickle of the
 * storages' keys, then for each storage the number of its elements and the elements.
 */
function readBare(bytes: Buffer, file: string): Pickled {
  const answers = answersFor(file);
  let end = 0;
  const next = () => {
    const read = unpickle(bytes, end, file, answers);
    ({ end } = read);
    return read.value;
  };
  for (let i = 0; i < 3; i++) next();
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw broken(file, 'it has no list of storages');
  const { types } = answers;
  const places = new Map<string, { from: number; to: number }>();
  let at = end;
  for (const key of keys as unknown[]) {
    const type = typeof key === 'string' ? types.get(key) : undefined;
    if (type === undefined || at + 8 > bytes.length) throw broken(file, 'its storages do not match its list of them');
    const from = at + 8;
    at = from + Number(bytes.readBigInt64LE(at)) * storages[type]!.bytes;
    if (!(at >= from && at <= bytes.length)) throw broken(file, 'it ends before its data does');
    places.set(key as string, { from, to: at });
  }
  return {
    value,
    storageOf(key) {
      const place = places.get(key);
      if (!place) throw broken(file, `storage ${printable(key)} is missing`);
      return bytes.subarray(place.from, place.to);
    },
  };
}

/** Reads a file since PyTorch 1.6: a zip of `NAME/data.pkl` and `NAME/data/KEY`. */
function readZip(bytes: Buffer, file: string): Pickled {
  const members = new Map(zipMembers(bytes, file).map((member) => [member.name.replace(/^[^/]*\//, ''), member]));
  const read = (name: string) => {
    const member = members.get(name);
    if (!member) throw broken(file, `${printable(name)} is not in it`);
    // What is not compressed cannot grow when it is read.
    if (!member.stored) throw broken(file, `${printable(name)} is compressed, which torch.save does not do`);
    return member.read();
  };
  if (members.has('byteorder') && read('byteorder').toString('latin1') !== 'little')
    throw broken(file, 'its numbers are big-endian');
  const pickle = read('data.pkl');
  if (pickle.length > maxPickleBytes)
    throw broken(file, `its data.pkl has ${pickle.length} bytes (at most ${maxPickleBytes} are allowed)`);
  const { value } = unpickle(pickle, 0, file, answersFor(file));
  return { value, storageOf: (key) => read(`data/${key}`) };
}

/** Supplies values for PyTorch's objects, and collects the type of each storage. */
function answersFor(file: string) {
  const types = new Map<string, string>();
  return {
    types,
    call(name: string, args: readonly unknown[]): unknown {
      if (name === 'collections.OrderedDict') return new Map();
      if (name === 'torch._utils._rebuild_parameter') return args[0];
      if (name === 'torch._utils._rebuild_tensor_v2') {
        const [storage, offset, shape, strides] = args;
        return { storage, offset, shape, strides };
      }
      return null;
    },
    outside(id: unknown): Storage {
      const [kind, type, key] = Array.isArray(id) ? (id as unknown[]) : [];
      if (kind !== 'storage' || !(type instanceof PickledName) || !(type.name in storages) || typeof key !== 'string')
        throw broken(file, `a storage of type ${type instanceof PickledName ? printable(type.name) : 'unknown'}`);
      types.set(key, type.name);
      return { key, type: type.name };
    },
  };
}

/** The tensors of a state_dict by name. Other entries (epochs, optimizers) are skipped. */
function stateDict(value: unknown, file: string): Map<string, View> {
  const within =
    value instanceof Map ? ['state_dict', 'model'].map((key) => (value as Map<unknown, unknown>).get(key)) : [];
  for (const dictionary of [...within, value]) {
    if (!(dictionary instanceof Map)) continue;
    const views = [...dictionary].filter(
      (entry): entry is [string, View] => typeof entry[0] === 'string' && isView(entry[1]),
    );
    if (views.length > 0) return new Map(views);
  }
  throw broken(file, 'no state_dict in it');
}

function isView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null || !('storage' in value)) return false;
  const { storage, offset, shape, strides } = value as Record<keyof View, unknown>;
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  return (
    typeof storage === 'object' &&
    storage !== null &&
    'key' in storage &&
    counts([offset]) &&
    counts(shape) &&
    counts(strides) &&
    shape.length === strides.length &&
    shape.length <= maxRank
  );
}

/** The elements of a view in row-major order. */
function gathered(
  { storage, offset, shape, strides }: View,
  valuesOf: (storage: Storage) => TypedArray,
  name: string,
  file: string,
): TensorData {
  const data = valuesOf(storage);
  const size = sizeOf(shape);
  const last = shape.reduce((at, n, axis) => at + (n - 1) * strides[axis]!, offset);
  if (!(size <= data.length && (size === 0 || last < data.length)))
    throw broken(file, `tensor ${printable(name)} reaches beyond its storage`);
  const out = data.slice(0, size) as Float32Array;
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < size; to++) {
    out[to] = (data as Float32Array)[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype: storages[storage.type]!.dtype, shape: [...shape], data: out };
}

const broken = (file: string, reason: string) =>
  new UsageError(`not readable as PyTorch's weights: ${file}: ${reason}`);
