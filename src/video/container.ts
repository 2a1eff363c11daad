import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { holdsVideo } from './holds-video.js';
import { inputFile, runFfmpeg } from './process.js';

/** What a video file says of itself before anything is decoded. */
export interface Container {
  /**
   * The video stream that is read, counted among those that are not cover pictures: of those with more than one frame
   * the one with the largest picture, since small ones are previews. Of equal ones it is the first.
   */
  stream: number;
  /**
   * Second at which the longest of all streams should end; absent where the container does not say, and of ASF (.wmv),
   * whose writers count it in different ways.
   */
  end?: number;
}

/** Reads what a container says of itself. Of a file that cannot be read it says nothing; decoding will say why. */
export async function readContainer(file: string): Promise<Container> {
  const container: Container = { stream: 0 };
  let asf = false;
  let listed = '';
  const args = ['-loglevel', 'info', ...inputFile(file), '-map', '0:V', '-c', 'copy', '-frames:v', '1'];
  await runFfmpeg(
    [...args, '-f', 'framecrc', 'pipe:1'],
    (chunk) => {
      if (listed.length < 65_536) listed += chunk.toString('latin1');
    },
    {
      onLine(line) {
        if (line.startsWith('Input #0, asf')) asf = true;
        const [, hours, minutes, seconds] = /^ {2}Duration: (\d+):(\d+):(\d+(?:\.\d+)?), start: /.exec(line) ?? [];
        if (hours !== undefined && !asf)
          container.end ??= Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
      },
    },
  );
  const streams = [...listed.matchAll(/^#dimensions (\d+): (\d+)x(\d+)$/gm)].map(([, stream, width, height]) => ({
    stream: Number(stream),
    pixels: Number(width) * Number(height),
  }));
  if (streams.length > 1) container.stream = await largestVideo(file, streams);
  return container;
}

/** The stream of several that {@link Container.stream} describes. */
async function largestVideo(file: string, streams: { stream: number; pixels: number }[]): Promise<number> {
  for (const { stream } of [...streams].sort((a, b) => b.pixels - a.pixels))
    if (await holdsVideo(file, stream)) return stream;
  return 0;
}

/**
 * Whether a file lacks its end by its own account, in formats of which ffmpeg reads the rest without a word: AVI and
 * ASF (.wmv) say how long they are, the last page of Ogg is marked, and MPEG transport streams consist of whole
 * packets.
 */
export function lacksEnd(file: string): boolean {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const head = readBytes(fd, 0, 65_536);
    const name = head.toString('latin1', 0, 4);
    if (name === 'RIFF' && head.length > 8) return 8 + head.readUInt32LE(4) > size;
    const properties = head.indexOf(asfProperties);
    if (properties >= 0 && head.length >= properties + 48) return head.readBigUInt64LE(properties + 40) > size;
    if (name === 'OggS') return !endsOgg(readBytes(fd, Math.max(0, size - oggTail), oggTail));
    const packet = packetLength(head);
    return packet !== undefined && size % packet !== 0;
  } finally {
    closeSync(fd);
  }
}

/** The name of ASF's object with the length of the file. */
const asfProperties = Buffer.from('a1dcab8c47a9cf118ee400c00c205365', 'hex');

/** The longest page of Ogg, in bytes, twice: in such a tail there is the head of the last page. */
const oggTail = 2 * (27 + 255 + 255 * 255);

/** Whether the last page in the tail of an Ogg file is marked as the end of a stream. */
function endsOgg(tail: Buffer): boolean {
  const page = tail.lastIndexOf('OggS', undefined, 'latin1');
  return page >= 0 && ((tail[page + 5] ?? 0) & 4) !== 0;
}

/** Length of the packets of an MPEG transport stream, plain or of a camcorder (with time codes); else undefined. */
function packetLength(head: Buffer): number | undefined {
  const sync = 0x47;
  const plan = [
    { length: 188, offset: 0 },
    { length: 192, offset: 4 },
  ];
  return plan.find(
    ({ length, offset }) => head.length >= 4 * length && [0, 1, 2, 3].every((i) => head[i * length + offset] === sync),
  )?.length;
}

function readBytes(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
}
