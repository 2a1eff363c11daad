import { WorkError } from '../system/errors.js';
import { inputFile, runFfmpeg, videoStream, type FfmpegEnd } from './process.js';
import { planReads, seekOptions, shownNumber, type Read, type Timing } from './seek.js';

/** The operations on every decoded frame, in this order: scale, crop, mirror. */
export interface FrameTransform {
  /** Width and height in pixels to which the whole frame is scaled. */
  scale: readonly [width: number, height: number];
  /** The part of the scaled frame that is kept, in pixels. */
  crop: { x: number; y: number; width: number; height: number };
  /** Whether the frame is mirrored left to right. */
  flip: boolean;
}

export interface DecodeRequest extends FrameTransform {
  /** Numbers of the wanted frames in order of presentation, from 0; in any order, and repeats are allowed. */
  indices: ArrayLike<number>;
  /**
   * Timing that the file's probe found. With `seek`, frames that are far apart are read by seeking where that is
   * cheaper; the bytes are the same.
   */
  timing?: Timing;
  /** Which of several video streams is read; absent: the first. */
  stream?: number;
}

/** Number of frames that may be missing at the end of a file (another ffmpeg may find one more or less there). */
export const tolerated = 2;
/** ffmpeg outputs at least one of this many frames, so that silence means that it is stuck and not just skipping. */
const heartbeat = 512;
/** With more ranges the expression becomes too long for an argument of a command. */
const mostRanges = 2000;

/**
 * Decodes chosen frames of a video exactly: frame i is the i-th frame that a decoder presents. The bytes do not
 * depend on the number of cores.
 *
 * @returns `[n, height, width, 3]` RGB bytes in the order of `indices`. Up to two frames beyond the end
 * are replaced by the last frame.
 * @throws WorkError naming the file when it cannot be decoded, or ends too early.
 */
export async function decodeFrames(file: string, request: DecodeRequest): Promise<Uint8Array> {
  const indices = Int32Array.from(request.indices);
  if (indices.length === 0) return new Uint8Array(0);
  const wanted = [...new Set(indices)].sort((a, b) => a - b);
  if (wanted[0]! < 0) throw new RangeError(`frame ${wanted[0]!} asked for`);
  const { timing, crop } = request;
  const result = new Result(indices, crop.width * crop.height * 3);

  const reads = timing ? planReads(wanted, timing) : [{ wanted }];
  if (reads.length > 1 || reads[0]!.at !== undefined) {
    if (await readAll(file, request, reads, result)) return result.bytes;
  }
  const { end, sink } = await readFrames(file, request, { wanted }, result);
  if (!end.ok || !sink.complete()) {
    const where = sink.frame === undefined ? '' : `: frame ${sink.frame} of ${wanted.at(-1)! + 1} did not come`;
    throw new WorkError(`cannot decode ${file}${where}: ${end.reason || 'the video ends before it'}`);
  }
  return result.bytes;
}

/**
 * Reads all groups of frames by seeking. Returns whether every frame came without an error; if not, the
 * caller falls back to one pass.
 */
async function readAll(file: string, request: DecodeRequest, reads: readonly Read[], result: Result): Promise<boolean> {
  for (const read of reads) {
    const { end, sink } = await readFrames(file, request, read, result);
    if (!end.ok || end.errors > 0 || !sink.full) return false;
  }
  return true;
}

async function readFrames(
  file: string,
  request: DecodeRequest,
  { wanted, at }: Read,
  result: Result,
): Promise<{ end: FfmpegEnd; sink: FrameSink }> {
  const { expression, passing } = selectFrames(wanted, at === undefined ? 0 : wanted[0]!);
  const number = at === undefined ? 'n' : shownNumber(request.timing!, at);
  const sink = new FrameSink(passing, result);
  const end = await runFfmpeg(
    [
      ...(at === undefined ? [] : seekOptions(at)),
      ...rawFrames(file, `st(0,${number});${expression}`, passing.length, request),
    ],
    (chunk) => {
      sink.add(chunk);
    },
  );
  return { end, sink };
}

/** ffmpeg's options for reading the `count` frames that `select` lets through, as RGB bytes on `pipe:1`. */
export function rawFrames(
  file: string,
  select: string,
  count: number,
  request: Omit<DecodeRequest, 'indices'>,
): string[] {
  // prettier-ignore
  return [
    '-threads', '1', ...inputFile(file), '-map', videoStream(request.stream), '-fps_mode', 'passthrough',
    '-filter_threads', '1',
    '-vf', `select='${select}',${transformFilters(request)}`,
    '-frames:v', String(count), '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1',
  ];
}

/**
 * ffmpeg's filters for a transform. The conversion to RGB comes before the crop, since YUV
 * 4:2:0 would round odd positions.
 */
export function transformFilters({ scale, crop, flip }: FrameTransform): string {
  return [
    `scale=${scale[0]}:${scale[1]}:flags=bilinear+accurate_rnd+full_chroma_int`,
    'format=rgb24',
    `crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}:exact=1`,
    ...(flip ? ['hflip'] : []),
  ].join(',');
}

/** Inclusive range of frame numbers. */
type Range = [from: number, to: number];

/**
 * Selects the wanted frames (sorted, distinct), the two before the last (which replace it when the file is short) and a
 * frame every {@link heartbeat}, none of them before `from`. Where this gives too many ranges, it also selects the
 * frames between nearby ones. Dropping a frame is far cheaper than scaling it.
 *
 * @returns The expression for ffmpeg's `select` filter, in which `ld(0)` is the frame's number, and the
 * numbers of the selected frames.
 */
export function selectFrames(wanted: readonly number[], from: number): { expression: string; passing: number[] } {
  const last = wanted.at(-1)!;
  const standIns = Array.from({ length: tolerated }, (_, k) => last - tolerated + k).filter((frame) => frame >= from);
  const ranges = toRanges([...new Set([...wanted, ...standIns])].sort((a, b) => a - b));
  const passing = new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, k) => from + k)));
  for (let frame = Math.ceil(from / heartbeat) * heartbeat; frame < last; frame += heartbeat) passing.add(frame);
  return {
    expression: `gte(ld(0),${from})*not(mod(ld(0),${heartbeat}))+${searchTree(ranges)}`,
    passing: [...passing].sort((a, b) => a - b),
  };
}

/** Joins neighbouring numbers, then ever more distant ones until there are few enough ranges. */
function toRanges(sorted: readonly number[]): Range[] {
  for (let gap = 1; ; gap *= 2) {
    const ranges: Range[] = [];
    for (const frame of sorted) {
      const range = ranges.at(-1);
      if (range && frame - range[1] <= gap) range[1] = frame;
      else ranges.push([frame, frame]);
    }
    if (ranges.length <= mostRanges) return ranges;
  }
}

/**
 * A binary search as an expression: ffmpeg refuses a plain sum of a few hundred terms and would
 * evaluate all of it for each frame.
 */
function searchTree(ranges: readonly Range[]): string {
  if (ranges.length === 1) return `between(ld(0),${ranges[0]![0]},${ranges[0]![1]})`;
  const right = ranges.slice(ranges.length >> 1);
  return `if(lt(ld(0),${right[0]![0]}),${searchTree(ranges.slice(0, ranges.length >> 1))},${searchTree(right)})`;
}

/** The bytes of the requested frames, in the order of the request. */
class Result {
  readonly bytes: Uint8Array;
  /** Positions in the result by frame number. */
  private readonly slots = new Map<number, number[]>();

  constructor(
    indices: Int32Array,
    readonly frameBytes: number,
  ) {
    this.bytes = new Uint8Array(indices.length * frameBytes);
    indices.forEach((frame, slot) => {
      const slots = this.slots.get(frame);
      if (slots) slots.push(slot);
      else this.slots.set(frame, [slot]);
    });
  }

  /** The places in the result for a frame's bytes. */
  places(frame: number): Uint8Array[] {
    const { bytes, frameBytes } = this;
    return (this.slots.get(frame) ?? []).map((slot) => bytes.subarray(slot * frameBytes, (slot + 1) * frameBytes));
  }
}

/** Writes the bytes of the frames that ffmpeg outputs to their places in the result, and keeps no others. */
class FrameSink {
  /** Number of frames received; `offset`: bytes received of the next one. */
  private count = 0;
  private offset = 0;
  /** The newest of the frames near the end. */
  private standIn: Uint8Array | undefined;

  constructor(
    private readonly passing: readonly number[],
    private readonly result: Result,
  ) {}

  /** Number of the frame that should come next; undefined after the last. */
  get frame(): number | undefined {
    return this.passing[this.count];
  }

  /** Whether every frame came. */
  get full(): boolean {
    return this.frame === undefined;
  }

  add(chunk: Uint8Array): void {
    const { frameBytes } = this.result;
    for (let at = 0; at < chunk.length && this.frame !== undefined;) {
      const part = chunk.subarray(at, at + frameBytes - this.offset);
      for (const target of this.targets(this.frame)) target.set(part, this.offset);
      at += part.length;
      this.offset += part.length;
      if (this.offset === frameBytes) {
        this.offset = 0;
        this.count++;
      }
    }
  }

  private targets(frame: number): Uint8Array[] {
    const targets = this.result.places(frame);
    if (frame >= this.passing.at(-1)! - tolerated) {
      targets.push((this.standIn ??= new Uint8Array(this.result.frameBytes)));
    }
    return targets;
  }

  /** Replaces frames missing at the end by the last one that came. Returns whether every wanted frame is then there. */
  complete(): boolean {
    if (this.offset > 0) return false;
    for (const frame of this.passing.slice(this.count)) {
      for (const place of this.result.places(frame)) {
        if (!this.standIn) return false;
        place.set(this.standIn);
      }
    }
    return true;
  }
}
