import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { gatherNeighbours, maxOverNeighbours, nearestNeighbours } from '../../../engine/ops/neighbours.js';
import { conv1d, pointwise } from '../../layers/dense.js';
import type { Layer } from '../../layers/layer.js';

/**
 * G-TAD's graph block (§3.3) on nodes x `[B, T, C]`: a temporal stream (each node and its two neighbours in time), a
 * semantic stream (each node and its k nearest in feature space, itself among them) and the identity.
 */
export function gcnext(
  name: string,
  channels: number,
  options: { width: number; groups: number; k: number },
): Layer<tf.Tensor3D> {
  const { width, groups, k } = options;
  const temporal = [
    conv1d(`${name}.tconvs.0`, { in: channels, out: width, kernel: 1, activation: 'relu' }),
    conv1d(`${name}.tconvs.2`, { in: width, out: width, kernel: 3, groups, activation: 'relu' }),
    conv1d(`${name}.tconvs.4`, { in: width, out: channels, kernel: 1 }),
  ] as const;
  // On edges, a 1×1 convolution: [B, T·k, ·] as a sequence. The first one sees neighbour and centre, concatenated.
  const first = pointwise(`${name}.sconvs.0`, { in: 2 * channels, out: width, activation: 'relu' });
  const second = pointwise(`${name}.sconvs.2`, { in: width, out: width, groups, activation: 'relu' });
  const third = pointwise(`${name}.sconvs.4`, { in: width, out: channels });
  return {
    parameters: [...temporal, first, second, third].flatMap((layer) => layer.parameters),
    apply(x, pass) {
      const [batch, time] = x.shape;
      const timeStream = temporal.reduce((y, layer) => layer.apply(y, pass), x);
      const neighbours = gatherNeighbours(x, nearestNeighbours(x, k));
      const centres = tf.tile(tf.expandDims(x, 2), [1, 1, k, 1]);
      const edges = tf.reshape<tf.Rank.R3>(tf.concat([neighbours, centres], 3), [batch, time * k, 2 * channels]);
      const edgeFeatures = [first, second, third].reduce((y, layer) => layer.apply(y, pass), edges);
      const semantic = maxOverNeighbours(tf.reshape<tf.Rank.R4>(edgeFeatures, [batch, time, k, channels]));
      return relu(tf.add(tf.add(timeStream, x), semantic));
    },
  };
}
