import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UsageError, WorkError } from '../system/errors.js';
import { startFfmpeg } from './process.js';

/** The frames that {@link encodeVideo} encodes, and their size and rate. */
export interface RawVideo {
  /** Pixels, even (H.264 in yuv420p stores colour at half size). */
  width: number;
  /** Pixels, even. */
  height: number;
  /** Frames per second as a fraction, e.g. `[24000, 1001]`. */
  fps: readonly [number, number];
  /**
   * RGB frames `[height, width, 3]`, one byte per channel. Each must be an array of its own, since
   * several wait in the pipe at a time.
   */
  frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * Encodes raw RGB frames as an H.264 mp4 file. Equal frames give equal bytes with the same ffmpeg. The file appears
 * under its name only when it is complete.
 *
 * @throws UsageError for an odd or empty size or rate.
 * @throws WorkError when there are no frames, a frame has the wrong length, or ffmpeg fails (with its message).
 */
export async function encodeVideo(file: string, video: RawVideo): Promise<void> {
  const { width, height, fps } = video;
  if (![width, height].every((n) => Number.isInteger(n) && n > 0 && n % 2 === 0))
    throw new UsageError(`cannot encode ${file}: ${width}x${height} is not a positive even size`);
  if (!fps.every((n) => Number.isInteger(n) && n > 0))
    throw new UsageError(`cannot encode ${file}: ${fps.join('/')} is not a frame rate`);

  const target = path.resolve(file);
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await runEncoder(target, temporary, video);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

async function runEncoder(target: string, output: string, video: RawVideo): Promise<void> {
  const ffmpeg = startFfmpeg(encoderArguments(output, video), ['pipe', 'ignore', 'pipe']);
  let said = '';
  ffmpeg.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-8192)));
  const closed = new Promise<string | undefined>((resolve) => {
    ffmpeg.once('error', (error) => {
      resolve(error.message);
    });
    ffmpeg.once('close', (code, signal) => {
      resolve(code === 0 ? undefined : `ffmpeg ended with ${signal ?? `status ${code ?? '?'}`}`);
    });
  });

  const fed = await pipeline(Readable.from(checked(target, video)), ffmpeg.stdin!).then(
    () => undefined,
    (error: unknown) => error as NodeJS.ErrnoException,
  );
  // An error of the renderer ends the encoder. A broken pipe only says that ffmpeg ended first,
  // and ffmpeg's message says why.
  const brokenPipe = fed?.code === 'EPIPE' || fed?.code === 'ECONNRESET' || fed?.code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (fed !== undefined && !brokenPipe) ffmpeg.kill('SIGKILL');
  const failure = await closed;
  if (fed !== undefined && !brokenPipe) throw fed;
  if (failure !== undefined || fed !== undefined) {
    throw new WorkError(`cannot encode ${target}: ${failure ?? 'ffmpeg stopped reading'}: ${firstLine(said)}`);
  }
}

/** The first error is the cause of the others. Its prefix, an address in ffmpeg's memory, is removed. */
function firstLine(said: string): string {
  return said.replace(/^(\[[^\]]*\] *)+/, '').split('\n')[0]!;
}

function encoderArguments(output: string, { width, height, fps }: RawVideo): string[] {
  return [
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${width}x${height}`],
    ...['-framerate', fps.join('/'), '-i', 'pipe:0'],
    // One thread suffices: small frames gain nothing from more, and several encoders run in parallel.
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '23', '-pix_fmt', 'yuv420p', '-threads', '1'],
    ...['-fflags', '+bitexact', '-flags:v', '+bitexact', '-f', 'mp4'],
    // With a protocol, names with a leading dash or a colon are not misread.
    `file:${output}`,
  ];
}

async function* checked(target: string, { width, height, frames }: RawVideo): AsyncGenerator<Uint8Array> {
  const bytes = width * height * 3;
  let count = 0;
  for await (const frame of frames) {
    if (frame.byteLength !== bytes)
      throw new WorkError(`cannot encode ${target}: frame ${count} has ${frame.byteLength} bytes, not ${bytes}`);
    count++;
    yield frame;
  }
  if (count === 0) throw new WorkError(`cannot encode ${target}: there are no frames`);
}
