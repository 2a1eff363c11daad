import { crc32, deflateRawSync } from 'node:zlib';

/** A file to put into a zip. */
export interface Member {
  name: string;
  content: Buffer;
  /** Whether it is compressed; without it, it is stored as it is, as torch.save does. */
  deflate?: boolean;
  /** The name of an earlier member in whose place the directory says that this one lies. */
  over?: string;
}

/** A zip archive of these members. */
export function zip(members: readonly Member[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  const places = new Map<string, number>();
  let at = 0;
  for (const { name, content, deflate = false, over } of members) {
    const packed = deflate ? deflateRawSync(content, { level: 9 }) : content;
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(deflate ? 8 : 0, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    places.set(name, over === undefined ? at : places.get(over)!);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(places.get(name)!, 10);
    directory.push(Buffer.from('PK\x01\x02\x00\x00'), shared, tail, Buffer.from(name));
    if (over !== undefined) continue;
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), packed]);
    locals.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, central, end]);
}
