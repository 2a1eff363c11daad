import { constants, crc32, inflateRawSync } from 'node:zlib';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';

/** A file in a zip archive. */
export interface ZipMember {
  readonly name: string;
  /** The bytes of its content, as the archive declares them. */
  readonly size: number;
  /** Whether its content lies in the archive as it is, so that reading it takes no memory. */
  readonly stored: boolean;
  /**
   * The first bytes of the content, unchecked: of a stored member all, otherwise those in its first {@link headBytes}
   * packed bytes.
   */
  readonly head: () => Buffer;
  /**
   * Reads the content and checks it. No more memory is allocated than the size that the archive declares.
   *
   * @throws UsageError naming the file and the member when it is damaged, encrypted, compressed by an unknown method,
   *   or would take more memory than {@link maxUnpacked} or {@link maxGrowth} times its packed bytes.
   */
  readonly read: () => Buffer;
}

const endMark = 0x06054b50;
const end64Mark = 0x06064b50;
const end64LocatorMark = 0x07064b50;
const entryMark = 0x02014b50;
const localMark = 0x04034b50;
const endBytes = 22;
const maxComment = 0xffff;
/** Deflate cannot compress better than 1032:1, so a member that claims more is damaged. */
const maxRatio = 1032;
const maxMember = 2 ** 31 - 1;
const maxMembers = 10_000;
/** What any member may take when it is unpacked; a larger one at most `maxGrowth` times its packed bytes. */
const maxUnpacked = 2 ** 28;
const maxGrowth = 20;
/** A compressed header of NumPy's takes less than half of these. */
const headBytes = 1024;

/**
 * The members of a zip archive as listed in its central directory: stored or deflated, with or without 64-bit sizes, as
 * `numpy.savez` and `savez_compressed` write them.
 *
 * Members that lie over each other are refused: a small archive could list one of them a thousand times.
 *
 * @throws UsageError naming `file` when the archive is damaged, encrypted or split, or its members overlap.
 */
export function zipMembers(bytes: Buffer, file: string): ZipMember[] {
  const archive = new Archive(bytes, file);
  const { entries, offset } = archive.directory();
  const found: Entry[] = [];
  let at = offset;
  for (let i = 0; i < entries; i++) {
    const entry = archive.entry(at);
    found.push(entry);
    at = entry.next;
  }
  archive.refuseOverlaps(found);
  return found.map(({ member }) => member);
}

/** A member, the bytes of the archive that it takes, and the position of the directory's next entry. */
interface Entry {
  readonly member: ZipMember;
  readonly begin: number;
  readonly end: number;
  readonly next: number;
}

class Archive {
  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
  ) {}

  /** The position of the central directory, and its number of entries. */
  directory(): { entries: number; offset: number } {
    const end = this.#endRecord();
    let [entries, offset] = [this.#u16(end + 10), this.#u32(end + 16)];
    const locator = end - 20;
    if (locator >= 0 && this.#u32(locator) === end64LocatorMark) {
      const end64 = this.#u64(locator + 8);
      if (this.#u32(end64) !== end64Mark) throw this.#damaged('its 64-bit directory is not where its locator says');
      [entries, offset] = [this.#u64(end64 + 32), this.#u64(end64 + 48)];
    }
    if (entries > maxMembers) throw this.#damaged(`too many files (${entries})`);
    return { entries, offset };
  }

  entry(at: number): Entry {
    if (this.#u32(at) !== entryMark) throw this.#damaged('its directory is broken');
    const [flags, method] = [this.#u16(at + 8), this.#u16(at + 10)];
    const crc = this.#u32(at + 16);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => this.#u16(at + field)) as [
      number,
      number,
      number,
    ];
    const extra = at + 46 + nameBytes;
    const name = this.#slice(at + 46, nameBytes).toString('utf8');
    const [size, packed, local] = this.#wide(
      [this.#u32(at + 24), this.#u32(at + 20), this.#u32(at + 42)],
      this.#slice(extra, extraBytes),
    );
    const wrong = (reason: string) => this.#damaged(`"${printable(name, 40)}": ${reason}`);
    if (this.#u32(local) !== localMark) throw wrong('it is not where the directory says');
    // The local header has extra fields of its own.
    const begin = local + 30 + this.#u16(local + 26) + this.#u16(local + 28);
    const check = () => {
      if ((flags & 1) !== 0) throw wrong('encrypted');
      if (method !== 0 && method !== 8) throw wrong(`compressed by method ${method}; stored or deflated expected`);
      if (size > maxMember || (method === 8 && size > (packed + 1) * maxRatio)) throw wrong(`it claims ${size} bytes`);
      if (method === 8 && size > Math.max(maxUnpacked, maxGrowth * packed))
        throw wrong(`its ${packed} bytes unpack to ${size} (at most ${maxUnpacked} are allowed)`);
    };
    const head = () => {
      check();
      return method === 8 ? inflatedHead(this.#slice(begin, Math.min(packed, headBytes))) : this.#slice(begin, packed);
    };
    const read = () => {
      check();
      const content = method === 8 ? inflated(this.#slice(begin, packed), size) : this.#slice(begin, packed);
      if (content?.length !== size) throw wrong(`its ${size} bytes cannot be unpacked`);
      if (crc32(content) !== crc) throw wrong('its checksum does not match');
      return content;
    };
    const member = { name, size, stored: method === 0, head, read };
    return { member, begin: local, end: begin + packed, next: extra + extraBytes + commentBytes };
  }

  refuseOverlaps(entries: readonly Entry[]): void {
    const sorted = [...entries].sort((a, b) => a.begin - b.begin);
    for (const [i, { begin, member }] of sorted.entries())
      if (i > 0 && begin < sorted[i - 1]!.end)
        throw this.#damaged(`"${printable(member.name, 40)}" lies over another file in it`);
  }

  /** The position of the archive's last record. Only a comment may follow it. */
  #endRecord(): number {
    const last = this.bytes.length - endBytes;
    for (let at = last; at >= Math.max(0, last - maxComment); at--)
      if (
        this.bytes.readUInt32LE(at) === endMark &&
        at + endBytes + this.bytes.readUInt16LE(at + 20) === this.bytes.length
      )
        return at;
    throw this.#damaged('it has no directory at its end; it may be truncated');
  }

  /** Sizes and position, replaced where they did not fit by the 64-bit numbers of the extra field number 1. */
  #wide(narrow: readonly number[], extra: Buffer): [number, number, number] {
    let field: Buffer | undefined;
    for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
      if (extra.readUInt16LE(at) === 1) field ??= extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    let at = 0;
    return narrow.map((value) => {
      if (value !== 0xffffffff || !field) return value;
      if (at + 8 > field.length) throw this.#damaged('a 64-bit size is missing');
      at += 8;
      return Number(field.readBigUInt64LE(at - 8));
    }) as [number, number, number];
  }

  #slice(at: number, length: number): Buffer {
    if (at + length > this.bytes.length) throw this.#damaged('it ends too early');
    return this.bytes.subarray(at, at + length);
  }

  #u16(at: number): number {
    return this.#slice(at, 2).readUInt16LE();
  }

  #u32(at: number): number {
    return this.#slice(at, 4).readUInt32LE();
  }

  #u64(at: number): number {
    return Number(this.#slice(at, 8).readBigUInt64LE());
  }

  #damaged(reason: string): UsageError {
    return new UsageError(`not a valid zip file: ${this.file}: ${reason}`);
  }
}

/** What the first bytes of a deflated content inflate to; nothing where they are damaged. */
function inflatedHead(packed: Buffer): Buffer {
  try {
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

/** The inflated bytes; null if they are more than `size` or damaged. */
function inflated(packed: Buffer, size: number): Buffer | null {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    return null;
  }
}
