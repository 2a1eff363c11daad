import * as tf from '@tensorflow/tfjs-core';
import { activated, beforeActivation } from '../../../engine/ops/dense.js';
import { differentiable } from '../../../engine/ops/differentiable.js';
import type { SparseMatrix } from '../../../engine/ops/graph/sparse-matrix.js';
import type { AlignmentBins } from './anchors.js';

/**
 * SGAlign and the first localisation layer with its ReLU: graph nodes and the means of their neighbours, both
 * `[B, T, C]` → anchors `[B, A, H]`.
 *
 * Sampling is linear over time and the layer is a 1×1 convolution, so the two can change places: nodes are first
 * projected by each bin's slice of the weight, then aligned. Only the result is kept for the gradient.
 *
 * @param graph - Graph nodes `[B, T, C]`.
 * @param semantic - Means of each node's neighbours in feature space `[B, T, C]`.
 * @param weight - `[1, C·bins, H]`, channel-major.
 * @param bias - `[H]`.
 * @param matrix - Its rows are those of `alignRow`, one for each anchor.
 */
export function alignProjected(
  graph: tf.Tensor3D,
  semantic: tf.Tensor3D,
  weight: tf.Tensor3D,
  bias: tf.Tensor1D,
  matrix: SparseMatrix,
  bins: AlignmentBins,
): tf.Tensor3D {
  const [batch, time, channels] = graph.shape;
  const hidden = bias.shape[0];
  const kinds = [bins.inner, bins.context];
  const rows = kinds.map((count) => time * count);
  /** The weights of the inner bins and those of the context bins, each `[C, bins·H]`. */
  const sides = (weight: tf.Tensor) =>
    tf.split(
      tf.reshape<tf.Rank.R2>(weight, [channels, -1]),
      kinds.map((count) => count * hidden),
      1,
    );
  const flat = (nodes: tf.Tensor) => tf.reshape<tf.Rank.R2>(nodes, [batch * time, channels]);

  function forward(): tf.Tensor3D {
    const projected = tf.tidy(() =>
      sides(weight).map((side, kind) => {
        const nodes = flat([graph, semantic][kind]!);
        return tf.reshape<tf.Rank.R3>(tf.matMul(nodes, side), [batch, rows[kind]!, hidden]);
      }),
    );
    const anchors = range(batch).map((video) =>
      tf.tidy(() => {
        const aligned = matrix.times(tf.concat(projected.map((all) => itemOf(all, video))));
        return activated(tf.add<tf.Tensor2D>(aligned, bias), 'relu');
      }),
    );
    tf.dispose(projected);
    return stacked(anchors);
  }

  function gradient(dy: tf.Tensor, [graph, semantic, weight, value]: tf.Tensor[]): tf.Tensor[] {
    return tf.tidy(() => {
      const videos = range(batch).map((video) =>
        tf.tidy(() => {
          const d = beforeActivation(itemOf(dy as tf.Tensor3D, video), itemOf(value as tf.Tensor3D, video), 'relu');
          return { projected: tf.split(matrix.transposedTimes(d), rows), bias: tf.sum<tf.Tensor1D>(d, 0) };
        }),
      );
      const byKind = sides(weight!).map((side, kind) => {
        const all = tf.concat(videos.map(({ projected }) => projected[kind]!));
        const d = tf.reshape<tf.Rank.R2>(all, [batch * time, -1]);
        return {
          nodes: tf.reshape(tf.matMul(d, side, false, true), [batch, time, channels]),
          side: tf.matMul(flat([graph, semantic][kind]!), d, true),
        };
      });
      const dWeight = tf.concat(
        byKind.map(({ side }) => side),
        1,
      );
      return [
        ...byKind.map(({ nodes }) => nodes),
        tf.reshape(dWeight, weight!.shape),
        tf.addN(videos.map(({ bias }) => bias)),
      ];
    });
  }

  return differentiable([graph, semantic, weight, bias], () => {
    const value = forward();
    return { value, saved: [graph, semantic, weight, value], gradient };
  });
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** One video of a batch: `[B, N, C]` → `[N, C]`. */
function itemOf(x: tf.Tensor3D, i: number): tf.Tensor2D {
  const [, rows, columns] = x.shape;
  return tf.reshape(tf.slice(x, [i, 0, 0], [1, rows, columns]), [rows, columns]);
}

/** Stacks B matrices `[N, C]` → `[B, N, C]` and disposes of them. */
function stacked(items: tf.Tensor2D[]): tf.Tensor3D {
  const all = tf.stack(items) as tf.Tensor3D;
  tf.dispose(items);
  return all;
}
