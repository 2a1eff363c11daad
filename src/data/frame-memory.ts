import { decodeFrames, type DecodeRequest } from '../video/decode.js';

/** Gives the frames of a request; `family`: all frames that requests of this file at this scale choose from. */
export type FrameSource = (file: string, request: DecodeRequest, family: ArrayLike<number>) => Promise<Uint8Array>;

/** Every request decodes anew. */
export const decodeAlways: FrameSource = (file, request) => decodeFrames(file, request);

interface Kept {
  /** Place of a frame number in `bytes`. */
  places: ReadonlyMap<number, number>;
  bytes: Uint8Array;
}

/**
 * Scaled frames kept in memory from epoch to epoch, whole families at a time, until `limit` bytes are taken: training
 * goes round and round, so what came first stays. Cropping and mirroring are done here and give the bytes that ffmpeg
 * would (it crops after it has scaled).
 */
export function frameMemory(limit: number): FrameSource {
  const kept = new Map<string, Promise<Kept>>();
  let taken = 0;
  return async (file, request, family) => {
    const [width, height] = request.scale;
    const frames = [...new Set(Array.from(family))].sort((a, b) => a - b);
    const key = JSON.stringify([file, width, height, frames.length, frames[0], frames.at(-1)]);
    const size = frames.length * width * height * 3;
    let found = kept.get(key);
    if (!found) {
      if (taken + size > limit) return decodeFrames(file, request);
      taken += size;
      found = decodeWhole(file, frames, request.scale);
      kept.set(key, found);
      found.catch(() => {
        kept.delete(key);
        taken -= size;
      });
    }
    return cut(await found, request);
  };
}

async function decodeWhole(file: string, frames: readonly number[], scale: readonly [number, number]): Promise<Kept> {
  const [width, height] = scale;
  const bytes = await decodeFrames(file, { indices: frames, scale, crop: { x: 0, y: 0, width, height }, flip: false });
  return { places: new Map(frames.map((frame, place) => [frame, place])), bytes };
}

/** Crops and mirrors the requested frames out of kept ones. */
function cut({ places, bytes }: Kept, { indices, scale: [width, height], crop, flip }: DecodeRequest): Uint8Array {
  const result = new Uint8Array(indices.length * crop.width * crop.height * 3);
  const rowBytes = crop.width * 3;
  for (let i = 0, to = 0; i < indices.length; i++) {
    const frame = places.get(indices[i]!)! * width * height;
    for (let y = 0; y < crop.height; y++, to += rowBytes) {
      const from = (frame + (crop.y + y) * width + crop.x) * 3;
      const row = bytes.subarray(from, from + rowBytes);
      if (!flip) {
        result.set(row, to);
        continue;
      }
      for (let x = 0; x < rowBytes; x += 3) {
        const mirrored = to + rowBytes - 3 - x;
        result[mirrored] = row[x]!;
        result[mirrored + 1] = row[x + 1]!;
        result[mirrored + 2] = row[x + 2]!;
      }
    }
  }
  return result;
}
