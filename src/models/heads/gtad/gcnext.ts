import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { dense } from '../../../engine/ops/dense.js';
import { gatherNeighbours, maxOverNeighbours, nearestNeighbours } from '../../../engine/ops/graph/neighbours.js';
import { conv1d, pointwise } from '../../layers/dense-layers.js';
import type { Layer } from '../../layers/layer.js';

/**
 * G-TAD's graph block (docs/method.md §7.3) on nodes x `[B, T, C]`. It adds a temporal stream (each node and
 * its two neighbours in time), a semantic stream (each node and its k nearest nodes in feature space, itself
 * among them) and the identity.
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
  // These layers run on edges, laid out as a sequence [B, T·k, ·]. The first one takes neighbour and centre
  // concatenated; see projectedEdges.
  const first = pointwise(`${name}.sconvs.0`, { in: 2 * channels, out: width });
  const onEdges = [
    pointwise(`${name}.sconvs.2`, { in: width, out: width, groups, activation: 'relu' }),
    pointwise(`${name}.sconvs.4`, { in: width, out: channels }),
  ];
  return {
    parameters: [...temporal, first, ...onEdges].flatMap((layer) => layer.parameters),
    apply(x, pass) {
      const [batch, time] = x.shape;
      const timeStream = temporal.reduce((y, layer) => layer.apply(y, pass), x);
      const weight = pass.parameters.get<tf.Tensor3D>(`${name}.sconvs.0.weight`);
      const edges = projectedEdges(x, k, weight, pass.parameters.get(`${name}.sconvs.0.bias`));
      const edgeFeatures = onEdges.reduce((y, layer) => layer.apply(y, pass), edges);
      const semantic = maxOverNeighbours(tf.reshape<tf.Rank.R4>(edgeFeatures, [batch, time, k, channels]));
      return relu(tf.add(tf.add(timeStream, x), semantic));
    },
  };
}

/**
 * The first layer on edges with its ReLU: nodes x `[B, T, C]`, weight `[1, 2C, W]`, bias `[W]` → `[B, T·k, W]`. Each
 * node is projected once as neighbour and once as centre before the two are added, rather than once for each edge.
 */
function projectedEdges(x: tf.Tensor3D, k: number, weight: tf.Tensor3D, bias: tf.Tensor1D): tf.Tensor3D {
  const [batch, time, channels] = x.shape;
  const width = bias.shape[0];
  const [asNeighbour, asCentre] = tf.split(tf.reshape<tf.Rank.R2>(weight, [2 * channels, width]), 2) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const nodes = tf.reshape<tf.Rank.R2>(x, [batch * time, channels]);
  const neighbours = tf.reshape<tf.Rank.R3>(tf.matMul(nodes, asNeighbour), [batch, time, width]);
  const centres = tf.reshape(dense(nodes, asCentre, bias, 'linear'), [batch, time, 1, width]);
  const edges = tf.add(gatherNeighbours(neighbours, nearestNeighbours(x, k)), centres);
  return relu(tf.reshape<tf.Rank.R3>(edges, [batch, time * k, width]));
}
