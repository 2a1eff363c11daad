import * as tf from '@tensorflow/tfjs-core';
import { algebra } from './algebra.js';
import { differentiable } from './differentiable.js';

/**
 * Max pool of kernel 3 and stride 2 over `batch` sequences x `[B·T, C]`, T even → `[B·T/2, C]`: every second step
 * becomes the maximum of itself and its two neighbours. Before the first step there is nothing. The first of
 * equal values gets the gradient.
 */
export function halvedByMaximum(x: tf.Tensor2D, batch: number): tf.Tensor2D {
  const [rows, channels] = x.shape;
  const half = rows / batch / 2;
  const k = algebra();
  const part = (x: tf.Tensor, from: number) => k.slice(x, [0, 0, from], [batch, half, channels]);
  /** Moves by one step, later (1) or earlier (-1), and fills with zeros. */
  const moved = (x: tf.Tensor, by: 1 | -1) =>
    k.pad(k.slice(x, [0, by === 1 ? 0 : 1, 0], [batch, half - 1, channels]), [
      [0, 0],
      by === 1 ? [1, 0] : [0, 1],
      [0, 0],
    ]);
  return differentiable([x], () => {
    const { before, at, value } = tf.tidy(() => {
      const pairs = k.reshape(x, [batch, half, 2 * channels]);
      const [at, after] = [part(pairs, 0), part(pairs, channels)];
      // The value before the first step, which is below all others.
      const nothing = tf.tensor3d([-3e38, ...new Array<number>(half - 1).fill(0)], [1, half, 1]);
      const before = k.add(moved(after, 1), nothing);
      const value = tf.maximum(before, tf.maximum(at, after));
      return { before, at, value: k.reshape(value, [rows / 2, channels]) };
    });
    return {
      value,
      saved: [before, at, value],
      gradient: (dy, [before, at, value]) =>
        tf.tidy(() => {
          const [d, largest] = [dy, value!].map((x) => k.reshape(x, [batch, half, channels])) as [tf.Tensor, tf.Tensor];
          const where = (part: tf.Tensor) => tf.cast(tf.greaterEqual(part, largest), 'float32');
          const dBefore = k.mul(d, where(before!));
          const left = k.sub(d, dBefore);
          const dAt = k.mul(left, where(at!));
          // The step after t is the step before t + 1.
          const dAfter = k.add(k.sub(left, dAt), moved(dBefore, -1));
          return k.reshape(k.concat([dAt, dAfter], 2), [rows, channels]);
        }),
    };
  });
}
