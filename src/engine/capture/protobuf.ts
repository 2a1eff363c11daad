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
