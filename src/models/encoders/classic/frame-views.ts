import * as tf from '@tensorflow/tfjs-core';
import type { FusionStreams } from '../../../config/sections/classic-keys.js';

/** A part or a version of every frame: x `[N, T, H, W, 3]` → `[N, T, H', W', 3]`. */
export type FrameView = (x: tf.Tensor5D) => tf.Tensor5D;

/** The middle of the frames at their own resolution, half as high and half as wide. */
export const fovea: FrameView = (x) => {
  const [n, t, h, w, c] = x.shape;
  const [high, wide] = [half(h), half(w)];
  return tf.slice(x, [0, 0, Math.floor((h - high) / 2), Math.floor((w - wide) / 2), 0], [n, t, high, wide, c]);
};

/** The whole frames at half the resolution: means of 2×2 pixels. A last odd row or column is left out. */
export const context: FrameView = (x) => {
  const [n, t, h, w, c] = x.shape;
  const sides: [number, number] = [Math.min(2, h), Math.min(2, w)];
  const images = tf.reshape<tf.Rank.R4>(x, [n * t, h, w, c]);
  return tf.reshape(tf.avgPool(images, sides, sides, 'valid'), [n, t, half(h), half(w), c]);
};

const half = (side: number) => Math.max(1, Math.floor(side / 2));

/** The view of each stream, in the order in which their maps are joined; null: the frames as they are. */
export const viewsOf: Readonly<Record<FusionStreams, readonly { name: string; view: FrameView | null }[]>> = {
  full: [{ name: 'full', view: null }],
  fovea: [{ name: 'fovea', view: fovea }],
  context: [{ name: 'context', view: context }],
  'fovea+context': [
    { name: 'fovea', view: fovea },
    { name: 'context', view: context },
  ],
};
