import type { DecodeRequest } from '../../video/decode.js';
import type { ColorTransform } from './color.js';

/** The frames of a video that a sample needs, and how they are scaled, cropped, mirrored and recoloured. */
export interface FrameRequest extends DecodeRequest {
  /** Absolute. */
  file: string;
  indices: Int32Array;
  /** Applied after scaling, cropping and mirroring. */
  color?: ColorTransform;
  /**
   * The numbers, ascending, of all frames that requests for this file at this scale choose from, now and in later
   * epochs. These frames may be cached. Absent where the frames will not be asked for again.
   */
  family?: Int32Array;
}

/**
 * Returns RGB bytes `[n, height, width, 3]` of the n `indices` of a request. Equal requests give equal
 * bytes, whether cached or decoded.
 */
export type FrameSource = (request: FrameRequest) => Promise<Uint8Array>;
