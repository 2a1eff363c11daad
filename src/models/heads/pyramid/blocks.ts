import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { halvedByMaximum } from '../../../engine/ops/halving.js';
import { feedForwardResidual, projectedResidual } from '../../../engine/ops/residual.js';
import type { Random } from '../../../engine/random.js';
import { attention } from '../../layers/attention-layer.js';
import type { Pass } from '../../layers/layer.js';
import { layerNorm } from '../../layers/layer-norm-layer.js';
import { masked, projection, sequenceConv, sequenceMask, type Sequence } from '../../layers/sequence.js';
import type { ParameterSpec } from '../../parameters.js';
import type { PyramidOptions } from './pyramid-options.js';

/** A block of layers along a sequence that keeps every step (stride 1) or every second step (stride 2). */
export interface Block {
  parameters: ParameterSpec[];
  /**
   * Applies the block.
   *
   * @param draws - Source of all randomness; null: no dropout, no drop path.
   */
  apply(sequence: Sequence, pass: Pass, draws: Random | null): Sequence;
}

/** Initial factor of a residual branch's channels (layer scale, Touvron et al. 2021). */
const firstScale = 1e-4;
/** Hidden channels of an MLP and of a convolutional block, as multiples of the width. */
const expansion = { mlp: 4, conv: 2 };

/** The block that `options.blocks` names. */
export function block(name: string, options: PyramidOptions, stride: 1 | 2): Block {
  return options.blocks === 'attention' ? attentionBlock(name, options, stride) : convBlock(name, options, stride);
}

/**
 * ActionFormer's transformer block: attention and MLP, each behind a layer normalisation and in a residual branch with
 * a scale for each channel. At stride 2 the identity beside the attention is a max pool.
 */
function attentionBlock(name: string, options: PyramidOptions, stride: 1 | 2): Block {
  const { width, dropPath, dropout } = options;
  const norm1 = layerNorm(`${name}.norm1`, width);
  const attend = attention(`${name}.attention`, { ...options, stride });
  const out = projection(`${name}.attention.out`, width, width);
  const norm2 = layerNorm(`${name}.norm2`, width);
  const mlp = [
    projection(`${name}.mlp.0`, width, expansion.mlp * width),
    projection(`${name}.mlp.2`, expansion.mlp * width, width),
  ] as const;
  const scales = ['scale1', 'scale2'].map((scale): ParameterSpec => ({
    name: `${name}.${scale}`,
    kind: 'vector',
    shape: [width],
    init: { type: 'constant', value: firstScale },
    trainable: true,
  }));
  const layers = [norm1, attend, out, norm2, ...mlp];
  return {
    parameters: [...layers.flatMap(({ parameters }) => parameters), ...scales],
    apply(sequence, pass, draws) {
      const { parameters } = pass;
      const [scale1, scale2] = scales.map(({ name }) => parameters.get<tf.Tensor1D>(name)) as [
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      const next = stride === 1 ? sequence : halved(sequence);
      const { valid, mask } = next;
      const rows = next.x.shape[0];
      const share = () =>
        product(mask, itemsKept(rows, valid.length, dropPath, draws), valuesKept(rows, width, dropout, draws));
      const looked = attend.apply(norm1.apply(sequence.x, pass, { mask: sequence.mask }), valid, pass);
      const y = projectedResidual(next.x, looked, { ...out.of(parameters), scale: scale1 }, share());
      const feedForward = {
        first: { ...norm2.of(parameters), ...mlp[0].of(parameters) },
        last: { ...mlp[1].of(parameters), scale: scale2 },
        hiddenShare: valuesKept(rows, expansion.mlp * width, dropout, draws),
      };
      return { ...next, x: feedForwardResidual(y, feedForward, share()) };
    },
  };
}

/** The block of ActionFormer's convolutional variant: a basic block of ResNet. */
function convBlock(name: string, { width }: PyramidOptions, stride: 1 | 2): Block {
  const middle = expansion.conv * width;
  const conv1 = sequenceConv(`${name}.conv1`, { in: width, out: middle, kernel: 3, stride });
  const conv2 = sequenceConv(`${name}.conv2`, { in: middle, out: width, kernel: 3 });
  const shorter =
    stride === 1 ? null : sequenceConv(`${name}.downsample`, { in: width, out: width, kernel: 1, stride });
  return {
    parameters: [conv1, conv2, ...(shorter ? [shorter] : [])].flatMap((layer) => layer.parameters),
    apply({ x, valid, mask }, pass) {
      const batch = valid.length;
      const next = stride === 1 ? { valid, mask } : halfOf(x.shape[0] / batch, valid);
      const inner = masked(relu(conv1.apply(x, batch, pass)), next.mask);
      const past = shorter ? shorter.apply(x, batch, pass) : x;
      const sum = tf.add<tf.Tensor2D>(conv2.apply(inner, batch, pass), past);
      return { ...next, x: masked(relu(sum), next.mask) };
    },
  };
}

/** Every second step of a sequence, each the maximum of itself and its two neighbours. */
function halved({ x, valid }: Sequence): Sequence {
  const next = halfOf(x.shape[0] / valid.length, valid);
  return { ...next, x: masked(halvedByMaximum(x, valid.length), next.mask) };
}

/** `valid` and `mask` of every second step. */
function halfOf(steps: number, valid: readonly number[]): Pick<Sequence, 'valid' | 'mask'> {
  const half = valid.map((n) => Math.ceil(n / 2));
  return { valid: half, mask: sequenceMask(steps / 2, half) };
}

/** Dropout factors `[N, C]`: 0 for values that are dropped, 1/(1 - rate) for the others. */
function valuesKept(rows: number, channels: number, rate: number, draws: Random | null): tf.Tensor2D | null {
  if (!draws || rate === 0) return null;
  const factors = Float32Array.from({ length: rows * channels }, () => (draws.uniform() < rate ? 0 : 1 / (1 - rate)));
  return tf.tensor2d(factors, [rows, channels]);
}

/**
 * Factors `[N, 1]` of stochastic depth (Huang et al. 2016): 0 for items whose branch is dropped,
 * 1/(1 - rate) for the others.
 */
function itemsKept(rows: number, items: number, rate: number, draws: Random | null): tf.Tensor2D | null {
  if (!draws || rate === 0) return null;
  const factors = new Float32Array(rows);
  for (let item = 0; item < items; item++)
    factors.fill(draws.uniform() < rate ? 0 : 1 / (1 - rate), (item * rows) / items, ((item + 1) * rows) / items);
  return tf.tensor2d(factors, [rows, 1]);
}

/** The product of all factors that are not null. */
function product(...factors: (tf.Tensor2D | null)[]): tf.Tensor2D | null {
  return factors.reduce((all, factor) => (all && factor ? tf.mul<tf.Tensor2D>(all, factor) : (all ?? factor)), null);
}
