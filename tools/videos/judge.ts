import { secondsAt, tolerance } from '../../src/video/clock.js';
import { decodeFrames } from '../../src/video/decode.js';
import { probe, type VideoInfo } from '../../src/video/probe.js';
import { WorkError } from '../../src/system/errors.js';
import type { Combination, Oddity } from './combinations.js';
import { ffmpeg, offset } from './make.js';

/**
 * How a video is read: `right`; `refused` with a message, which is right for a cut file only; `unnoticed`: a cut
 * file of which nothing is said; `absent`: container
 * and codec do not go together, or do not keep the oddity; or what is wrong.
 */
export type Verdict = 'right' | 'refused' | 'unnoticed' | 'absent' | `wrong: ${string}`;

/** Judges how the project reads a video, by a reading of its own through ffmpeg's `showinfo`. */
export async function judge(file: string, { oddity }: Combination): Promise<Verdict> {
  const stream = oddity === 'two streams' ? 1 : 0;
  const shown = showinfo(file, stream);
  // A muxer may write what no demuxer understands.
  if (!shown && oddity !== 'cut off') return 'absent';
  let info: VideoInfo;
  try {
    info = await probe(file);
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    return oddity === 'cut off' ? 'refused' : `wrong: ${error.message}`;
  }
  if (!shown) return 'wrong: ffmpeg cannot read it';
  if (!keeps(oddity, shown)) return 'absent';
  const difference = timesDiffer(info, shown) ?? sizeDiffers(info, shown) ?? (await framesDiffer(file, info, stream));
  if (difference !== undefined) return `wrong: ${difference}`;
  if (oddity === 'cut off') return info.damage === undefined ? 'unnoticed' : 'right';
  return info.damage === undefined ? 'right' : `wrong: ${info.damage}`;
}

/** What showinfo says of the frames of a stream. */
interface Shown {
  times: number[];
  width: number;
  height: number;
  aspect: number;
  format: string;
  /** `P` progressive, `T` or `B` interlaced. */
  field: string;
}

function showinfo(file: string, stream: number): Shown | null {
  const map = ['-map', `0:v:${stream}`, '-fps_mode', 'passthrough', '-vf', 'showinfo'];
  const args = ['-copyts', '-i', `file:${file}`, ...map];
  const said = ffmpeg(...args, '-f', 'null', '-')?.said;
  if (said === undefined) return null;
  // The times in the file itself, less the start of its container.
  const start = Number(/^ {2}Duration: \S+ start: ([-\d.]+)/m.exec(said)?.[1] ?? 0);
  const rows = said.match(/\] n: *\d+ .*$/gm) ?? [];
  const field = (row: string, name: string) => new RegExp(` ${name}: *(\\S+)`).exec(row)?.[1] ?? '';
  const [first] = rows;
  if (first === undefined) return null;
  const [width, height] = field(first, 's').split('x').map(Number) as [number, number];
  const [across, down] = field(first, 'sar').split('/').map(Number) as [number, number];
  return {
    times: rows.map((row) => Number(field(row, 'pts_time')) - start),
    width,
    height,
    aspect: across > 0 && down > 0 ? across / down : 1,
    format: field(first, 'fmt'),
    field: field(first, 'i'),
  };
}

/** Whether a file has what its maker wanted: not every container and codec can keep it. */
function keeps(oddity: Oddity, { times, width, height, aspect, format, field }: Shown): boolean {
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  switch (oddity) {
    case 'offset':
      return times[0]! > offset / 2;
    case 'variable rate':
      return Math.max(...steps) > 1.5 * Math.min(...steps);
    case 'rotated':
      return height > width;
    case 'wide pixels':
      return aspect > 1.2;
    case '10 bit':
      return format.includes('10');
    case 'interlaced':
      return field !== 'P';
    default:
      return true;
  }
}

function timesDiffer(info: VideoInfo, { times }: Shown): string | undefined {
  if (info.frames !== times.length) return `${info.frames} frames, not ${times.length}`;
  const most = info.times ? tolerance : 0.5 / info.fps;
  // showinfo rounds to microseconds.
  const slack = 2e-6;
  let latest = -Infinity;
  for (const [frame, time] of times.entries()) {
    // Some demuxers let time go back. A frame is not shown before the one in front of it.
    latest = Math.max(latest, time);
    const read = secondsAt(info, frame);
    if (Math.abs(read - latest) > most + slack) return `frame ${frame} at ${read} s, not ${latest} s`;
  }
  return undefined;
}

function sizeDiffers({ width, height }: VideoInfo, shown: Shown): string | undefined {
  const wide = Math.round(shown.width * shown.aspect);
  return width === wide && height === shown.height ? undefined : `${width}x${height}, not ${wide}x${shown.height}`;
}

/** Compares some frames with those of one pass over all of them. */
async function framesDiffer(file: string, { frames, damage }: VideoInfo, stream: number): Promise<string | undefined> {
  const [width, height] = [48, 32];
  const picture = `scale=${width}:${height}:flags=bilinear+accurate_rnd+full_chroma_int,format=rgb24`;
  const map = ['-map', `0:v:${stream}`, '-fps_mode', 'passthrough', '-vf', picture];
  // The picture that a decoder makes of a damaged frame depends on its threads.
  const all = ffmpeg('-threads', '1', '-i', `file:${file}`, ...map, '-f', 'rawvideo', '-')!.out;
  // The last frame of a cut file may be of any bytes that were in memory.
  const last = damage === undefined ? frames - 1 : frames - 2;
  const indices = [0, frames >> 1, Math.floor(0.9 * last), last];
  const transform = { scale: [width, height] as const, crop: { x: 0, y: 0, width, height }, flip: false };
  const bytes = await decodeFrames(file, { indices, ...transform, ...(stream > 0 && { stream }) });
  const size = width * height * 3;
  const wrong = indices.findIndex((frame, i) =>
    Buffer.compare(all.subarray(frame * size, (frame + 1) * size), bytes.subarray(i * size, (i + 1) * size)),
  );
  return wrong < 0 ? undefined : `frame ${indices[wrong]!} has another picture`;
}
