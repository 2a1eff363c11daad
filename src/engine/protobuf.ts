/** Bytes of a protocol buffer message, built field by field (protobuf.dev, "Encoding"). */
export class ProtoWriter {
  private readonly parts: Uint8Array[] = [];

  /** A whole number, negative ones in ten bytes as int64 asks for. */
  integer(field: number, value: number | bigint): this {
    return this.tag(field, 0).bytes(varint(BigInt.asUintN(64, BigInt(value))));
  }

  /** A float of 32 bits. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.tag(field, 5).bytes(bytes);
  }

  /** A string, bytes, or a message. */
  field(field: number, value: string | Uint8Array | ProtoWriter): this {
    const content =
      typeof value === 'string' ? encoder.encode(value) : value instanceof ProtoWriter ? value.finish() : value;
    return this.tag(field, 2)
      .bytes(varint(BigInt(content.length)))
      .bytes(content);
  }

  /** All bytes so far. */
  finish(): Uint8Array {
    return Buffer.concat(this.parts);
  }

  private tag(field: number, wire: number): this {
    return this.bytes(varint(BigInt((field << 3) | wire)));
  }

  private bytes(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }
}

/**
 * The fields of a message in their order: the bytes of strings, bytes and messages; other fields are left out.
 *
 * @throws RangeError for bytes that are no message.
 */
export function* messageFields(bytes: Uint8Array): Generator<[field: number, content: Uint8Array]> {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('a protocol buffer message is cut off');
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = next();
    const wire = tag % 8;
    if (wire === 2) {
      const end = next() + at;
      if (end > bytes.length) throw new RangeError('a protocol buffer message is cut off');
      yield [Math.floor(tag / 8), bytes.subarray(at, (at = end))];
    } else if (wire === 0) next();
    else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else throw new RangeError(`a protocol buffer message has a field of the kind ${wire}`);
  }
}

const encoder = new TextEncoder();

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
