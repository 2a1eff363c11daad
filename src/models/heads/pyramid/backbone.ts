import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../engine/random.js';
import type { Pass } from '../../layers/layer.js';
import { layerNorm } from '../../layers/layer-norm-layer.js';
import { sequenceConv, sequenceMask, type Sequence } from '../../layers/sequence.js';
import type { ParameterSpec } from '../../parameters.js';
import { block } from './blocks.js';
import type { PyramidOptions } from './pyramid-options.js';

/** The pyramid without its branches. */
export interface Backbone {
  parameters: ParameterSpec[];
  /**
   * Features `[B, T, features]` → a sequence for each level. T is a multiple of the last stride;
   * features behind `valid` are 0.
   */
  apply(features: tf.Tensor3D, valid: readonly number[], pass: Pass, draws: Random | null): Sequence[];
}

/** Number of convolutions before the blocks. */
const embeddings = 2;

/**
 * ActionFormer's backbone and neck: embedding, stem, a strided block for each level but the first, and a
 * normalisation of each level.
 */
export function backbone(options: PyramidOptions): Backbone {
  const { features, width, stem, levels } = options;
  const embedding = range(embeddings).map((i) => ({
    conv: sequenceConv(`embedding.${i}.conv`, { in: i === 0 ? features : width, out: width, kernel: 3, bias: null }),
    norm: layerNorm(`embedding.${i}.norm`, width),
  }));
  const trunk = range(stem).map((i) => block(`stem.${i}`, options, 1));
  const strided = range(levels - 1).map((i) => block(`branch.${i}`, options, 2));
  const neck = range(levels).map((i) => layerNorm(`neck.${i}`, width));
  const layers = [...embedding.flatMap((layer) => Object.values(layer)), ...trunk, ...strided, ...neck];
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    apply(features, valid, pass, draws) {
      const [batch, snippets, channels] = features.shape;
      const mask = sequenceMask(snippets, valid);
      const x = embedding.reduce<tf.Tensor2D>(
        (x, { conv, norm }) => norm.apply(conv.apply(x, batch, pass), pass, { relu: true, mask }),
        tf.reshape(features, [batch * snippets, channels]),
      );
      const first = trunk.reduce<Sequence>((sequence, block) => block.apply(sequence, pass, draws), { x, valid, mask });
      const sequences = [first];
      for (const block of strided) sequences.push(block.apply(sequences.at(-1)!, pass, draws));
      return sequences.map(({ x, valid, mask }, level) => ({
        x: neck[level]!.apply(x, pass, { mask }),
        valid,
        mask,
      }));
    },
  };
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
