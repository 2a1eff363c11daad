import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../../engine/ops/differentiable.js';
import { sparseMatrix, type SparseMatrix, type SparseRow } from '../../engine/ops/graph/sparse-matrix.js';
import { balancedArpWeights } from '../aggregators/arp.js';

/**
 * How features change around each snippet: approximate rank pooling of the `window` snippets around it (Bilen et al.,
 * CVPR 2016), as a mean of late features minus a mean of early ones. The snippet is in the middle of its window; of an
 * even number, it is the later one of the two in the middle. At the ends of a video the window is moved inwards, so
 * that it has all its snippets; a video of fewer snippets is one window, and a video of one snippet has no order, so
 * that it gets zeros.
 *
 * @param features - `[B, T, C]`.
 * @param valid - How many snippets of each item are video. Rows of `features` behind them are not read, and those of
 * the result are zeros.
 * @returns `[B, T, C]`, with a gradient.
 */
export function orderChannels(features: tf.Tensor3D, valid: readonly number[], window: number): tf.Tensor3D {
  return differentiable([features], () => ({
    value: ofItems(features, valid, window, 'times'),
    saved: [],
    // The matrices are made again, which takes little time. Nobody would free kept ones where no gradient is asked for.
    gradient: (dy) => ofItems(dy as tf.Tensor3D, valid, window, 'transposedTimes'),
  }));
}

/** Multiplies the valid rows of each item with the matrix of its windows, or with the transpose. */
function ofItems(
  x: tf.Tensor3D,
  valid: readonly number[],
  window: number,
  product: 'times' | 'transposedTimes',
): tf.Tensor3D {
  const [, snippets, channels] = x.shape;
  return tf.tidy(() => {
    const items = valid.map((count, i) => {
      const rows = tf.reshape<tf.Rank.R2>(tf.slice(x, [i, 0, 0], [1, count, channels]), [count, channels]);
      const matrix = windowsMatrix(count, window);
      try {
        return tf.pad(matrix[product](rows), [[0, snippets - count], [0, 0]]); // prettier-ignore
      } finally {
        matrix.dispose();
      }
    });
    return tf.stack(items) as tf.Tensor3D;
  });
}

/**
 * The weights with which the features of a video of some snippets make the channels of each, `[snippets, snippets]`.
 */
function windowsMatrix(snippets: number, window: number): SparseMatrix {
  const length = Math.min(window, snippets);
  const values = length === 1 ? Float32Array.of(0) : Float32Array.from(balancedArpWeights(length, 'timeMean'));
  const rows = Array.from({ length: snippets }, (_, t): SparseRow => {
    const first = Math.min(Math.max(0, t - Math.floor(length / 2)), snippets - length);
    return { columns: Int32Array.from({ length }, (_, i) => first + i), values };
  });
  return sparseMatrix(rows, snippets);
}
