import type * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from '../encoder.js';
import type { WindowImages } from './frame-windows.js';

/** An encoder that sees images of windows of frames in the place of the frames (`encoder.input`, `encoder.window`). */
export function ofImages(encoder: Encoder, images: WindowImages, window: number | null): Encoder {
  return {
    ...encoder,
    encode(x, pass) {
      const seen = images(x, window);
      try {
        return encoder.encode(seen, pass);
      } finally {
        seen.dispose();
      }
    },
    record(x, pass) {
      let seen: tf.Tensor;
      try {
        seen = images(x, window);
      } finally {
        x.dispose();
      }
      try {
        return encoder.record(seen, pass);
      } catch (error) {
        seen.dispose();
        throw error;
      }
    },
  };
}
