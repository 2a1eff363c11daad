import { crc32, deflateRawSync } from 'node:zlib';
import { encodeSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import type { Matrix } from '../../src/data/features/matrix.js';

/** A matrix as `numpy.save` writes it, float32. */
export function npy({ data, shape }: Matrix): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(padded), bytesOf(data)]);
}

/** Arrays as `numpy.savez_compressed` writes them; `wide`: with all sizes as 64-bit ones. */
export function npz(arrays: Readonly<Record<string, Buffer>>, wide = false): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(arrays)) {
    const file = Buffer.from(`${name}.npy`);
    const packed = deflateRawSync(content);
    const sizes = (fields: bigint[]) => (wide ? Buffer.from(BigInt64Array.from(fields).buffer) : Buffer.alloc(0));
    const extraOf = (fields: Buffer) =>
      fields.length === 0 ? fields : Buffer.concat([Buffer.from([1, 0, fields.length, 0]), fields]);
    const shared = (extra: Buffer) => {
      const bytes = Buffer.alloc(26);
      bytes.writeUInt16LE(8, 4);
      bytes.writeUInt32LE(crc32(content), 10);
      bytes.writeUInt32LE(wide ? 0xffffffff : packed.length, 14);
      bytes.writeUInt32LE(wide ? 0xffffffff : content.length, 18);
      bytes.writeUInt16LE(file.length, 22);
      bytes.writeUInt16LE(extra.length, 24);
      return bytes;
    };
    const localExtra = extraOf(sizes([BigInt(content.length), BigInt(packed.length)]));
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared(localExtra), file, localExtra, packed]);
    const extra = extraOf(sizes([BigInt(content.length), BigInt(packed.length), BigInt(at)]));
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(wide ? 0xffffffff : at, 10);
    directory.push(Buffer.from('PK\x01\x02\x00\x00'), shared(extra), tail, file, extra);
    locals.push(local);
    at += local.length;
  }
  const entries = Object.keys(arrays).length;
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(wide ? 0xffff : entries, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(wide ? 0xffffffff : at, 16);
  if (!wide) return Buffer.concat([...locals, central, end]);
  const end64 = Buffer.alloc(56);
  end64.write('PK\x06\x06');
  end64.writeBigUInt64LE(BigInt(entries), 32);
  end64.writeBigUInt64LE(BigInt(at), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07');
  locator.writeBigUInt64LE(BigInt(at + central.length), 8);
  return Buffer.concat([...locals, central, end64, locator, end]);
}

/** Comma-separated with a line of names, as the published csv_mean_100. */
export function csv({ data, shape: [rows, columns] }: Matrix): string {
  const names = Array.from({ length: columns }, (_, i) => `f${i}`).join();
  const lines = Array.from({ length: rows }, (_, i) => data.slice(i * columns, (i + 1) * columns).join());
  return `${[names, ...lines].join('\n')}\n`;
}

export function safetensors(matrix: Matrix): Buffer {
  return Buffer.concat(encodeSafetensors(new Map([['features', { dtype: 'F32', ...matrix }]])));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
