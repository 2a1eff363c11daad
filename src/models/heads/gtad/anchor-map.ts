import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { conv2d } from '../../../engine/ops/convolution/conv2d.js';
import { differentiable } from '../../../engine/ops/differentiable.js';
import { pointwise } from '../../layers/dense-layers.js';
import type { Layer, Pass } from '../../layers/layer.js';
import type { ParameterSpec } from '../../parameters.js';
import type { Anchor } from './anchors.js';

/**
 * Places of A anchors on G-TAD's map of D durations × T starts, row by row. Cells whose segment would end after the
 * video are not anchors.
 */
export interface AnchorMap {
  durations: number;
  snippets: number;
  /** `[D·T]`: the number of each cell's anchor; A where the cell is not an anchor. */
  anchorOf: tf.Tensor1D;
  /** `[A]`: the cell of each anchor. */
  cellOf: tf.Tensor1D;
  /** `[D·T, 1]`: 1 where a cell is not an anchor, otherwise 0. */
  invalid: tf.Tensor2D;
}

/**
 * The map of `list`, which holds all anchors of T snippets up to some duration. Its tensors survive `tf.tidy`: the
 * caller disposes of them with {@link disposeAnchorMap}.
 */
export function anchorMap(list: readonly Anchor[], snippets: number): AnchorMap {
  const cells = list.map(({ start, duration }) => duration * snippets + start);
  const durations = 1 + list.at(-1)!.duration;
  const anchorOf = new Int32Array(durations * snippets).fill(list.length);
  cells.forEach((cell, anchor) => (anchorOf[cell] = anchor));
  const invalid = Float32Array.from(anchorOf, (anchor) => (anchor === list.length ? 1 : 0));
  return {
    durations,
    snippets,
    anchorOf: tf.keep(tf.tensor1d(anchorOf, 'int32')),
    cellOf: tf.keep(tf.tensor1d(cells, 'int32')),
    invalid: tf.keep(tf.tensor2d(invalid, [invalid.length, 1])),
  };
}

export function disposeAnchorMap({ anchorOf, cellOf, invalid }: AnchorMap): void {
  tf.dispose([anchorOf, cellOf, invalid]);
}

/** Layers over anchors that may look at neighbouring anchors. */
export interface AnchorLayers {
  parameters: ParameterSpec[];
  /**
   * Anchors `[B, A, C]` → `[B, A, C]`. With a map, one more row `[B, 1, C]` follows the anchors:
   * the value of all other cells.
   */
  apply(anchors: tf.Tensor3D, pass: Pass, map: AnchorMap | null): tf.Tensor3D;
}

/**
 * Convolutions of `kernel` × `kernel` with ReLU over durations and starts, one for each name. 1×1
 * convolutions need no map. Larger ones also see the cells that are not anchors, which are all alike before
 * the first layer but not after it.
 */
export function anchorLayers(names: readonly string[], channels: number, kernel: 1 | 3): AnchorLayers {
  if (kernel === 1) {
    const layers = names.map((name) => pointwise(name, { in: channels, out: channels, activation: 'relu' }));
    return {
      parameters: layers.flatMap((layer) => layer.parameters),
      apply: (anchors, pass) => layers.reduce((x, layer) => layer.apply(x, pass), anchors),
    };
  }
  const layers = names.map((name) => mapConv(name, channels, kernel));
  return {
    parameters: layers.flatMap((layer) => layer.parameters),
    apply(anchors, pass, map) {
      if (!map) throw new Error(`a kernel of ${kernel} needs the map of the anchors`);
      return fromMap(
        layers.reduce((x, layer) => relu(layer.apply(x, pass)), toMap(anchors, map)),
        map,
      );
    },
  };
}

/** Convolution with bias of a map `[B, D, T, C]`, zero-padded to keep D and T. */
function mapConv(name: string, channels: number, kernel: number): Layer {
  const init = { type: 'uniform', fanIn: kernel * kernel * channels } as const;
  const pad = (kernel - 1) / 2;
  return {
    parameters: [
      { name: `${name}.weight`, kind: 'conv', shape: [kernel, kernel, channels, channels], init, trainable: true },
      { name: `${name}.bias`, kind: 'vector', shape: [channels], init, trainable: true },
    ],
    apply(x, { parameters }) {
      const y = conv2d(x, parameters.get(`${name}.weight`), { stride: 1, pad: [pad, pad, pad, pad] });
      return tf.add(y, parameters.get(`${name}.bias`));
    },
  };
}

/** Rows `[B, A + 1, C]`, the last one for all cells that are not anchors → map `[B, D, T, C]`. */
function toMap(rows: tf.Tensor3D, { durations, snippets, anchorOf, cellOf, invalid }: AnchorMap): tf.Tensor4D {
  const [batch, , channels] = rows.shape;
  return differentiable([rows], () => ({
    value: tf.reshape(tf.gather(rows, anchorOf, 1), [batch, durations, snippets, channels]),
    saved: [],
    gradient(dy) {
      const cells = tf.reshape<tf.Rank.R3>(dy, [batch, durations * snippets, channels]);
      return tf.concat([tf.gather(cells, cellOf, 1), tf.sum(tf.mul(cells, invalid), 1, true)], 1);
    },
  }));
}

/** The anchors of a map: `[B, D, T, C]` → `[B, A, C]`. */
function fromMap(map: tf.Tensor4D, { durations, snippets, anchorOf, cellOf }: AnchorMap): tf.Tensor3D {
  const [batch, , , channels] = map.shape;
  return differentiable([map], () => ({
    value: tf.gather(tf.reshape<tf.Rank.R3>(map, [batch, durations * snippets, channels]), cellOf, 1),
    saved: [],
    gradient(dy) {
      const withNone = tf.concat([dy as tf.Tensor3D, tf.zeros<tf.Rank.R3>([batch, 1, channels])], 1);
      return tf.reshape(tf.gather(withNone, anchorOf, 1), [batch, durations, snippets, channels]);
    },
  }));
}
