import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import PQueue, { TimeoutError } from 'p-queue';
import { decodeFrames } from '../../video/decode.js';
import { WorkError } from '../../system/errors.js';
import { findFfmpeg } from '../../video/ffmpeg.js';
import { recolor } from './color.js';
import { cut, type ScaledFrames } from './cut.js';
import { diskCache } from './disk-cache.js';
import type { FrameRequest, FrameSource } from './request.js';

export interface FrameSourceOptions {
  /** Number of requests served at a time, each by at most one ffmpeg process. */
  processes: number;
  /** Time limit in seconds for serving a request, counted from its turn; absent: no limit. */
  seconds?: number;
  /** Bytes of scaled frames kept in memory. */
  memory: number;
  /** Folder and size in bytes of the disk cache of scaled frames; null: no disk cache. */
  disk: { folder: string; limit: number } | null;
}

/**
 * Makes a source that takes frames from memory or disk, or decodes them. Of requests with a family it keeps the
 * whole frames of the family, so that other crops need no decoder. In memory the first ones stay, since every
 * epoch reads all of them again.
 *
 * @param say - Receives warnings.
 * @throws WorkError, from the source, when a video cannot be decoded or its frames do not come within `seconds`.
 */
export function frameSource(
  { processes, seconds, memory, disk }: FrameSourceOptions,
  say: (line: string) => void,
): FrameSource {
  const queue = new PQueue({ concurrency: processes });
  const cache = disk && diskCache(disk.folder, disk.limit, say);
  const inMemory = new Map<string, Promise<ScaledFrames>>();
  let taken = 0;

  /** The whole frames of a request's family, wherever they are kept; undefined where there is no room for them. */
  function family(request: FrameRequest, frames: Int32Array): Promise<ScaledFrames> | undefined {
    const [width, height] = request.scale;
    const length = frames.length * width * height * 3;
    const key = hash(JSON.stringify([request.file, request.stream, width, height]), frames);
    const found = inMemory.get(key);
    if (found) return found;
    const fits = taken + length <= memory;
    if (!fits && !cache?.fits(length)) return undefined;
    const scaled = readOrDecode(request, frames, length).then((bytes) => ({ frames, width, height, bytes }));
    if (fits) {
      taken += length;
      inMemory.set(key, scaled);
      scaled.catch(() => {
        inMemory.delete(key);
        taken -= length;
      });
    }
    return scaled;
  }

  async function readOrDecode(request: FrameRequest, frames: Int32Array, length: number): Promise<Uint8Array> {
    const [width, height] = request.scale;
    const whole = { ...request, indices: frames, crop: { x: 0, y: 0, width, height }, flip: false };
    if (!cache?.fits(length)) return decodeFrames(request.file, whole);
    const key = await fileKey(request, frames);
    const kept = key && (await cache.get(key, length));
    if (kept) return kept;
    const bytes = await decodeFrames(request.file, whole);
    if (key) await cache.put(key, bytes);
    return bytes;
  }

  async function serve(request: FrameRequest): Promise<Uint8Array> {
    const kept = request.family && (await family(request, request.family));
    const bytes = kept ? cut(kept, request) : await decodeFrames(request.file, request);
    if (request.color) recolor(bytes, request.color);
    return bytes;
  }

  return async (request) => {
    try {
      return await queue.add(() => serve(request), seconds === undefined ? {} : { timeout: seconds * 1000 });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new WorkError(`${request.file}: no frames after ${seconds!} s (data.stallSeconds)`);
    }
  };
}

/**
 * Cache key of scaled frames: a hash of the file's path, length and time, the stream, ffmpeg's version,
 * the scale and the frame numbers.
 */
async function fileKey({ file, stream, scale }: FrameRequest, frames: Int32Array): Promise<string | undefined> {
  const info = await stat(file).catch(() => undefined);
  // The decoder will report what is wrong with the file.
  if (!info) return undefined;
  const { version } = findFfmpeg();
  return hash(
    JSON.stringify([file, info.size, info.mtimeMs, version, ...scale, ...(stream ? [{ stream }] : [])]),
    frames,
  );
}

function hash(text: string, frames: Int32Array): string {
  return createHash('sha256').update(text).update('\0').update(frames).digest('hex');
}
