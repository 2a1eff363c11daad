import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import { through } from './unit.js';

/** The windows in time that a convolution sees, without padding. */
export interface TimeWindow {
  /** Positions of a window. */
  extent: number;
  /** Positions from one window to the next. */
  stride: number;
}

/** How many windows there are of `positions` positions. */
export function windowCount(positions: number, { extent, stride }: TimeWindow): number {
  return Math.floor((positions - extent) / stride) + 1;
}

/**
 * The windows of videos x `[N, T, H, W, C]` as images whose channels are those of all their positions, one position
 * after the other: `[N·T', H, W, extent·C]`. A convolution over time and space is a 2-D convolution of them.
 */
export function timeWindows<T extends Held>(k: Kernels<T>, x: T, window: TimeWindow): T {
  return through(k, [x], ([view]) => windowsOf(view as tf.Tensor5D, window));
}

/** The gradient of {@link timeWindows}'s input x. */
export function windowsGradient<T extends Held>(k: Kernels<T>, dy: T, x: T, window: TimeWindow): T {
  return through(k, [dy, x], ([dy, x]) => tf.grad((view) => windowsOf(view as tf.Tensor5D, window))(x!, dy));
}

function windowsOf(x: tf.Tensor5D, window: TimeWindow): tf.Tensor4D {
  const [n, t, h, w, c] = x.shape;
  const { extent, stride } = window;
  const windows = Array.from({ length: windowCount(t, window) }, (_, i) => {
    const some = tf.slice(x, [0, i * stride, 0, 0, 0], [n, extent, h, w, c]);
    return tf.reshape(tf.transpose(some, [0, 2, 3, 1, 4]), [n, 1, h, w, extent * c]);
  });
  return tf.reshape(tf.concat(windows, 1), [n * windows.length, h, w, extent * c]);
}
