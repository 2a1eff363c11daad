import { createHash } from 'node:crypto';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';

/** Element types of stored tensors, by their names in safetensors. */
export type Dtype = 'F64' | 'I64' | 'F32' | 'I32' | 'U8' | 'BOOL';

export type TypedArray = Float64Array | BigInt64Array | Float32Array | Int32Array | Uint8Array;

/** A tensor outside any engine, with row-major values. BOOL has one byte per element. */
export interface TensorData {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** The array class of each dtype. */
export const arrays = {
  F64: Float64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  I32: Int32Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Number of elements of a shape; 1 for a scalar (`[]`). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * The first of these tensors that has a value that is not finite, in a phrase with the value's number from 1; undefined
 * where all are finite. Integers always are.
 */
export function notFinite(tensors: Iterable<readonly [name: string, tensor: TensorData]>): string | undefined {
  for (const [name, { dtype, data }] of tensors) {
    if (dtype !== 'F32' && dtype !== 'F64') continue;
    const values = data as Float32Array | Float64Array;
    // The sum of value · 0 is 0 exactly if all values are finite. This is several times as fast as asking each value.
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
    if (sum === 0) continue;
    const at = values.findIndex((value) => !Number.isFinite(value));
    return `tensor "${printable(name)}" is not finite: its value number ${at + 1} is ${values[at]!}`;
  }
  return undefined;
}

/**
 * Checks that a tensor has only finite values. A NaN or an infinity in weights would make every result of the model
 * meaningless, without an error.
 *
 * @param source - Where the tensor comes from, for messages.
 * @throws UsageError naming the tensor.
 */
export function requireFiniteTensor(name: string, tensor: TensorData, source: string): void {
  const wrong = notFinite([[name, tensor]]);
  if (wrong !== undefined) throw new UsageError(`${source}: ${wrong}`);
}

/** The bytes of a tensor, not copied; little-endian on all platforms of Node except s390x. */
export function bytesOf(tensor: TensorData): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** sha256 of one tensor's dtype, shape and bytes, in hexadecimal. */
export function hashTensor(tensor: TensorData): string {
  return createHash('sha256')
    .update(JSON.stringify([tensor.dtype, tensor.shape]))
    .update(bytesOf(tensor))
    .digest('hex');
}

/**
 * sha256 of a set of named tensors, computed from the hash of each ({@link hashTensor}). Their order does not matter.
 */
export function hashOfHashes(hashes: Iterable<readonly [name: string, sha256: string]>): string {
  const sorted = [...hashes].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** Identity of a set of named tensors, independent of the file, order and metadata with which they are stored. */
export function hashTensors(tensors: Iterable<readonly [name: string, tensor: TensorData]>): string {
  const hashes: [string, string][] = [];
  for (const [name, tensor] of tensors) hashes.push([name, hashTensor(tensor)]);
  return hashOfHashes(hashes);
}
