import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import type { Pass } from '../../layers/layer.js';
import { layerNorm } from '../../layers/layer-norm.js';
import { sequenceConv, type Sequence } from '../../layers/sequence.js';
import type { ParameterSpec } from '../../parameters.js';
import type { PyramidOptions } from './options.js';

/** What the pyramid says of all locations, level after level with a row between two of them that means nothing: see {@link rowsOf}. */
export interface PyramidOutput {
  /** `[B, N, classes]`. */
  logits: tf.Tensor3D;
  /** `[B, N, 2]`: from a location to where its segment starts and ends, in strides, at least 0. */
  offsets: tf.Tensor3D;
}

/** Where levels lie among the rows of {@link PyramidOutput}: the first row of each, and N. */
export interface Rows {
  first: number[];
  count: number;
}

/** The rows of a pyramid on `steps` snippets, a multiple of the last stride. */
export function rowsOf(steps: number, levels: number): Rows {
  const first: number[] = [];
  let count = 0;
  for (let level = 0; level < levels; level++) {
    first.push(count);
    count += steps / 2 ** level + 1;
  }
  return { first, count: count - 1 };
}

/** The two branches, which all levels share. */
export interface Branches {
  parameters: ParameterSpec[];
  apply(levels: readonly Sequence[], pass: Pass): PyramidOutput;
}

/** What every class's probability is at first (Lin et al. 2017, focal loss). */
const prior = 0.01;

/**
 * Branches of `headLayers` convolutions each, for classes and for boundaries. Levels are laid end to end, zeros between them, so that a layer is
 * one product for all of them.
 */
export function branches({ width, classes, levels, headLayers }: PyramidOptions): Branches {
  const branch = (name: string, out: number, bias: number) => ({
    hidden: Array.from({ length: headLayers - 1 }, (_, i) => ({
      conv: sequenceConv(`${name}.hidden.${i}.conv`, { in: width, out: width, kernel: 3, bias: null }),
      norm: layerNorm(`${name}.hidden.${i}.norm`, width),
    })),
    last: sequenceConv(`${name}.last`, { in: width, out, kernel: 3, bias }),
  });
  const classify = branch('classes', classes, -Math.log((1 - prior) / prior));
  const locate = branch('boundaries', 2, 0);
  const scale: ParameterSpec = {
    name: 'scale',
    kind: 'vector',
    shape: [levels],
    init: { type: 'constant', value: 1 },
    trainable: true,
  };
  return {
    parameters: [
      ...[classify, locate].flatMap(({ hidden, last }) => [
        ...hidden.flatMap(({ conv, norm }) => [...conv.parameters, ...norm.parameters]),
        ...last.parameters,
      ]),
      scale,
    ],
    apply(sequences, pass) {
      const batch = sequences[0]!.valid.length;
      const rows = rowsOf(sequences[0]!.x.shape[0] / batch, levels);
      const { x, mask } = endToEnd(sequences, rows);
      const outputs = ({ hidden, last }: typeof classify) => {
        const seen = hidden.reduce(
          (x, { conv, norm }) => norm.apply(conv.apply(x, batch, pass), pass, { relu: true, mask }),
          x,
        );
        const y = last.apply(seen, batch, pass);
        return tf.reshape<tf.Rank.R3>(y, [batch, rows.count, y.shape[1]]);
      };
      const scales = tf.reshape<tf.Rank.R2>(pass.parameters.get(scale.name), [levels, 1]);
      const ofRows = tf.matMul(levelOfRows(rows), scales);
      return { logits: outputs(classify), offsets: relu(tf.mul<tf.Tensor3D>(outputs(locate), ofRows)) };
    },
  };
}

/** All levels of each item as one sequence, a row of zeros between two, and its mask. */
function endToEnd(levels: readonly Sequence[], { first, count }: Rows): { x: tf.Tensor2D; mask: tf.Tensor2D } {
  const { x, valid } = levels[0]!;
  const batch = valid.length;
  const channels = x.shape[1];
  const gap = tf.zeros<tf.Rank.R3>([batch, 1, channels]);
  const parts = levels.flatMap(({ x }, i) => {
    const level = tf.reshape<tf.Rank.R3>(x, [batch, x.shape[0] / batch, channels]);
    return i === 0 ? [level] : [gap, level];
  });
  const mask = new Float32Array(batch * count);
  levels.forEach(({ valid }, level) => {
    valid.forEach((n, item) => {
      const row = item * count + first[level]!;
      mask.fill(1, row, row + n);
    });
  });
  return {
    x: tf.reshape(tf.concat(parts, 1), [batch * count, channels]),
    mask: tf.tensor2d(mask, [batch * count, 1]),
  };
}

/** `[N, levels]`: 1 where a row is a level's. */
function levelOfRows({ first, count }: Rows): tf.Tensor2D {
  const levels = first.length;
  const all = new Float32Array(count * levels);
  first.forEach((row, level) => {
    const next = first[level + 1] ?? count + 1;
    for (let i = row; i < next - 1; i++) all[i * levels + level] = 1;
  });
  return tf.tensor2d(all, [count, levels]);
}
