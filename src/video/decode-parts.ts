import { WorkError } from '../system/errors.js';
import { rawFrames, selectFrames, tolerated, type DecodeRequest } from './decode.js';
import { runFfmpeg } from './process.js';

/**
 * Decodes like {@link decodeFrames}, but a long video in one pass and `length` indices at a time, so that it is never
 * in memory as a whole. The largest index of each part must not be below that of the part before it.
 *
 * @param take - Receives the parts in order, each `[length, height, width, 3]` RGB bytes; the last one may be shorter.
 * ffmpeg waits while it runs. If it throws, decoding ends with its error.
 * @throws WorkError naming the file when it cannot be decoded, or ends too early.
 */
export async function decodeParts(
  file: string,
  request: DecodeRequest,
  length: number,
  take: (part: Uint8Array) => void,
): Promise<void> {
  const indices = Int32Array.from(request.indices);
  const wanted = [...new Set(indices)].sort((a, b) => a - b);
  if (wanted[0]! < 0) throw new RangeError(`frame ${wanted[0]!} asked for`);
  const { expression, passing } = selectFrames(wanted, 0);
  const sink = new PartSink(indices, length, request.crop.width * request.crop.height * 3, passing, take);
  const end = await runFfmpeg(rawFrames(file, `st(0,n);${expression}`, passing.length, request), (chunk) => {
    sink.add(chunk);
  });
  if (!end.ok || !sink.end()) {
    const where = `frame ${sink.frame} of ${passing.at(-1)! + 1} did not come`;
    throw new WorkError(`cannot decode ${file}: ${where}: ${end.reason || 'the video ends before it'}`);
  }
}

/**
 * Collects the frames that ffmpeg outputs into the parts that want them, and passes a part on
 * once its last frame has come.
 */
class PartSink {
  /** Positions of the indices, by ascending frame number. Those before `filled` have their bytes. */
  private readonly places: Int32Array;
  private filled = 0;
  /** Number of frames received; `offset`: bytes received of the next one. */
  private count = 0;
  private offset = 0;
  private readonly scratch: Uint8Array;
  /** Parts that are begun and not passed on yet. There may be several, because a frame may belong to two. */
  private readonly open = new Map<number, Uint8Array>();
  private given = 0;

  constructor(
    private readonly indices: Int32Array,
    private readonly length: number,
    private readonly frameBytes: number,
    private readonly passing: readonly number[],
    private readonly take: (part: Uint8Array) => void,
  ) {
    this.places = Int32Array.from(indices.keys()).sort((a, b) => indices[a]! - indices[b]!);
    this.scratch = new Uint8Array(frameBytes);
  }

  /** Number of the frame that should come next. */
  get frame(): number {
    return this.passing[this.count] ?? NaN;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.count < this.passing.length;) {
      const bytes = chunk.subarray(at, at + this.frameBytes - this.offset);
      this.scratch.set(bytes, this.offset);
      at += bytes.length;
      this.offset += bytes.length;
      if (this.offset < this.frameBytes) continue;
      const { frame } = this;
      this.offset = 0;
      this.count++;
      this.fill(frame);
    }
  }

  /**
   * Ends the file: up to two missing frames at its end are replaced by the last one. Returns whether
   * all parts have been passed on.
   */
  end(): boolean {
    const last = this.passing.at(-1)!;
    if (this.offset === 0 && this.passing[this.count - 1]! >= last - tolerated) this.fill(last);
    return this.filled === this.places.length;
  }

  /** Uses the bytes in `scratch` for everything that is wanted up to this frame. */
  private fill(frame: number): void {
    const { places, indices, length, frameBytes } = this;
    for (; this.filled < places.length && indices[places[this.filled]!]! <= frame; this.filled++) {
      const place = places[this.filled]!;
      const part = Math.floor(place / length);
      const bytes = this.open.get(part) ?? new Uint8Array(this.lengthOf(part) * frameBytes);
      this.open.set(part, bytes);
      bytes.set(this.scratch, (place % length) * frameBytes);
    }
    for (; this.given * length < indices.length && this.complete(this.given); this.given++) {
      const bytes = this.open.get(this.given)!;
      this.open.delete(this.given);
      this.take(bytes);
    }
  }

  private lengthOf(part: number): number {
    return Math.min(this.length, this.indices.length - part * this.length);
  }

  /** Whether all frames of a part have come. */
  private complete(part: number): boolean {
    const next = this.places[this.filled];
    if (next === undefined) return true;
    const own = this.indices.subarray(part * this.length, part * this.length + this.lengthOf(part));
    return own.every((frame) => frame < this.indices[next]!);
  }
}
