import * as tf from '@tensorflow/tfjs-core';
import { arpWeights } from '../../aggregators/arp.js';

/**
 * Makes images of windows of frames. x `[B, L, F, H, W, 3]` of 0..255 is cut into F/window windows of consecutive
 * frames, and each becomes one image in the same range: `[B, L, F/window, H, W, 3]`. With `window` null all F frames
 * of a snippet are one window. x stays the caller's; the images are the caller's to dispose of. Throws RangeError
 * where F is not a whole number of windows.
 */
export type WindowImages = (x: tf.Tensor, window: number | null) => tf.Tensor;

/**
 * Dynamic images (Bilen et al., CVPR 2016): approximate rank pooling d = Σ α_t x_t of the frames of each window, with
 * the weights of the time-mean variant. As in the authors' code the whole image is L2-normalised, multiplied by 6000
 * (for 224×224 pixels; here by what gives any size the same root mean square, 15.5 grey levels), and clipped to
 * ±128. 128 is added, so that the image, from 0 to 256, can be shown to a network for photographs. Where nothing moves
 * in a window, the image is 128 throughout. A motion backwards gives roughly the negative.
 */
export const dynamicImages: WindowImages = (x, window) =>
  tf.tidy(() => {
    const frames = framesOfWindows(x, window);
    const weights = arpWeights(frames.count, 'timeMean');
    const first = frames.at(0);
    // The weights add up to 0, so differences from the first frame have the same sum. Without motion it is exactly 0.
    let sum = tf.zerosLike(first);
    for (let t = 1; t < frames.count; t++) {
      const before = sum;
      sum = tf.tidy(() => tf.add(before, tf.mul(tf.sub(frames.at(t), first), weights[t]!)));
      before.dispose();
    }
    const scale = tf.tidy(() => {
      const size = tf.sqrt(tf.mean(tf.square(sum), 1, true));
      return tf.div(rootMeanSquare, tf.maximum(size, leastSize));
    });
    return frames.asImages(tf.add(tf.clipByValue(tf.mul(sum, scale), -128, 128), 128));
  });

/** The root mean square of a dynamic image before it is clipped, in grey levels. */
const rootMeanSquare = 6000 / Math.sqrt(224 * 224 * 3);

/** A root mean square below that of any two frames of bytes that differ. It keeps 0/0 away. */
const leastSize = 1e-9;

/** Half the difference of the last frame of each window and its first one, on grey: (last - first)/2 + 127.5. */
export const differenceImages: WindowImages = (x, window) =>
  tf.tidy(() => {
    const frames = framesOfWindows(x, window);
    const difference = tf.sub(frames.at(frames.count - 1), frames.at(0));
    return frames.asImages(tf.add(tf.div(difference, 2), 127.5));
  });

/** The middle frame of each window; of an even number of frames, the second one of the two in the middle. */
export const middleFrames: WindowImages = (x, window) =>
  tf.tidy(() => {
    const frames = framesOfWindows(x, window);
    return frames.asImages(frames.at(Math.floor(frames.count / 2)));
  });

/** The frames of windows by their place in the window, each as a row `[windows, H·W·3]`. */
interface WindowFrames {
  /** How many frames a window has. */
  count: number;
  /** Frame number t, from 0 on, of every window. */
  at: (t: number) => tf.Tensor2D;
  /** Gives a row for each window the shape of images, `[B, L, F/window, H, W, 3]`. */
  asImages: (rows: tf.Tensor) => tf.Tensor;
}

function framesOfWindows(x: tf.Tensor, window: number | null): WindowFrames {
  const [batch, snippets, frames, ...image] = x.shape as [number, number, number, number, number, number];
  const count = window ?? frames;
  if (frames % count !== 0)
    throw new RangeError(`${frames} frames are not a whole number of windows of ${count} frames`);
  const pixels = image.reduce((a, b) => a * b, 1);
  const windows = (batch * snippets * frames) / count;
  const rows = tf.reshape<tf.Rank.R2>(x, [windows, count * pixels]);
  return {
    count,
    at: (t) => tf.slice(rows, [0, t * pixels], [windows, pixels]),
    asImages: (images) => tf.reshape(images, [batch, snippets, frames / count, ...image]),
  };
}
