import * as tf from '@tensorflow/tfjs-core';
import type { LrnOptions } from '../../src/engine/ops/normalization/lrn.js';
import type { PooledConv } from '../../src/models/units/conv-block.js';
import type { ReadableParameters } from '../../src/models/parameters.js';

/**
 * A block of AlexNet by tfjs's own ops on the tape, written without the project's kernels: x `[N, H, W, C]`. Only for
 * blocks that pad as much on every side.
 */
export function naiveBlock(x: tf.Tensor4D, block: PooledConv, parameters: ReadableParameters): tf.Tensor4D {
  const { name, stride, groups, lrn, pool } = block;
  const p = block.padding as number;
  const around = tf.pad(x, [
    [0, 0],
    [p, p],
    [p, p],
    [0, 0],
  ]);
  // tfjs does not split a tensor into one part.
  const split = (of: tf.Tensor4D) => (groups === 1 ? [of] : tf.split<tf.Tensor4D>(of, groups, 3));
  const filters = split(parameters.get(`${name}.weight`));
  const parts = split(around).map((part, i) => tf.conv2d(part, filters[i]!, stride, 'valid'));
  const positive = tf.relu(tf.add<tf.Tensor4D>(tf.concat(parts, 3), parameters.get(`${name}.bias`)));
  const normalised = (of: LrnOptions) => {
    const alpha = of.mode === 'paper' ? of.alpha : of.alpha / of.size;
    return tf.localResponseNormalization(positive, Math.floor(of.size / 2), of.bias, alpha, of.beta);
  };
  const y = lrn ? normalised(lrn) : positive;
  return pool ? tf.maxPool(y, pool.size, pool.stride, 'valid') : y;
}
