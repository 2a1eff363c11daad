import type { DecodeRequest } from '../../video/decode.js';

/** Whole frames of a video at one scale. */
export interface ScaledFrames {
  /** Frame numbers, ascending. */
  frames: Int32Array;
  width: number;
  height: number;
  /** `[frames, height, width, 3]` RGB. */
  bytes: Uint8Array;
}

/**
 * Takes the requested frames out of whole frames, cropped and mirrored. The bytes are those that ffmpeg gives,
 * which scales before it crops.
 */
export function cut(kept: ScaledFrames, { indices, crop, flip }: DecodeRequest): Uint8Array {
  const { width, height, bytes } = kept;
  const places = new Map(Array.from(kept.frames, (frame, place) => [frame, place]));
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
