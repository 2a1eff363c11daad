import type { DecodeRequest } from '../../video/decode.js';
import type { ColorTransform } from './color.js';

/** Frames of a video as a sample takes them. */
export interface FrameRequest extends DecodeRequest {
  /** Absolute. */
  file: string;
  indices: Int32Array;
  /** Changed after scale, crop and mirror. */
  color?: ColorTransform;
  /**
   * Numbers of all frames, rising, that requests of this file at this scale choose from, now and in later epochs: these may be kept. Absent
   * where the frames will not be asked for again.
   */
  family?: Int32Array;
}

/** Gives `[n, height, width, 3]` RGB bytes for the n `indices` of a request. The same request gives the same bytes, wherever they come from. */
export type FrameSource = (request: FrameRequest) => Promise<Uint8Array>;
