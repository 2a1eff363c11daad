import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { gelu } from '../../../engine/ops/gelu.js';
import { halvedByMaximum } from '../../../engine/ops/halving.js';
import type { Random } from '../../../engine/random.js';
import { attention } from '../../layers/attention.js';
import type { Pass } from '../../layers/layer.js';
import { layerNorm } from '../../layers/layer-norm.js';
import { masked, projection, sequenceConv, sequenceMask, type Sequence } from '../../layers/sequence.js';
import type { ParameterSpec } from '../../parameters.js';
import type { PyramidOptions } from './options.js';

/** A part of the pyramid that looks at neighbours, and keeps every step (stride 1) or every second one (2). */
export interface Block {
  parameters: ParameterSpec[];
  /** @param draws - All chance in it; null: nothing is left out. */
  apply(sequence: Sequence, pass: Pass, draws: Random | null): Sequence;
}

/** What a residual branch's channels are multiplied by at first (Touvron et al. 2021, layer scale). */
const firstScale = 1e-4;
/** Channels in the middle of an MLP and of a convolutional block, in widths. */
const expansion = { mlp: 4, conv: 2 };

/** The block that the options name. */
export function block(name: string, options: PyramidOptions, stride: 1 | 2): Block {
  return options.blocks === 'attention' ? attentionBlock(name, options, stride) : convBlock(name, options, stride);
}

/**
 * ActionFormer's transformer block: attention and MLP, each behind a normalisation and in a residual branch with a scale a channel. Past the
 * attention of stride 2 go maxima.
 */
function attentionBlock(name: string, options: PyramidOptions, stride: 1 | 2): Block {
  const { width, dropPath, dropout } = options;
  const norm1 = layerNorm(`${name}.norm1`, width);
  const attend = attention(`${name}.attention`, { ...options, stride });
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
  const layers = [norm1, attend, norm2, ...mlp];
  return {
    parameters: [...layers.flatMap(({ parameters }) => parameters), ...scales],
    apply(sequence, pass, draws) {
      const [scale1, scale2] = scales.map(({ name }) => pass.parameters.get<tf.Tensor1D>(name)) as [
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      const next = stride === 1 ? sequence : halved(sequence);
      const branch = (x: tf.Tensor3D) => kept(dropped(x, dropout, draws), next.mask, dropPath, draws);
      const looked = norm1.apply(sequence.x, pass, { mask: sequence.mask });
      const y = tf.add<tf.Tensor3D>(next.x, branch(attend.apply(looked, next.valid, pass, scale1)));
      const hidden = gelu(mlp[0].apply(norm2.apply(y, pass), pass));
      const x = tf.add<tf.Tensor3D>(y, branch(mlp[1].apply(dropped(hidden, dropout, draws), pass, scale2)));
      return { ...next, x };
    },
  };
}

/** The convolutional variant's block: a basic block of ResNet. */
function convBlock(name: string, { width }: PyramidOptions, stride: 1 | 2): Block {
  const middle = expansion.conv * width;
  const conv1 = sequenceConv(`${name}.conv1`, { in: width, out: middle, kernel: 3, stride });
  const conv2 = sequenceConv(`${name}.conv2`, { in: middle, out: width, kernel: 3 });
  const shorter =
    stride === 1 ? null : sequenceConv(`${name}.downsample`, { in: width, out: width, kernel: 1, stride });
  return {
    parameters: [conv1, conv2, ...(shorter ? [shorter] : [])].flatMap((layer) => layer.parameters),
    apply({ x, valid, mask }, pass) {
      const next = stride === 1 ? { valid, mask } : halfOf(x.shape[1], valid);
      const inner = masked(relu(conv1.apply(x, pass)), next.mask);
      const past = shorter ? shorter.apply(x, pass) : x;
      const sum = tf.add<tf.Tensor3D>(conv2.apply(inner, pass), past);
      return { ...next, x: masked(relu(sum), next.mask) };
    },
  };
}

/** Every second step of a sequence, as the maximum of it and its neighbours. */
function halved({ x, valid }: Sequence): Sequence {
  const next = halfOf(x.shape[1], valid);
  return { ...next, x: masked(halvedByMaximum(x), next.mask) };
}

/** What is there of every second step. */
function halfOf(steps: number, valid: readonly number[]): Pick<Sequence, 'valid' | 'mask'> {
  const half = valid.map((n) => Math.ceil(n / 2));
  return { valid: half, mask: sequenceMask(steps / 2, half) };
}

/** Zeros for values that are left out, one by one; the others grow in return. */
function dropped(x: tf.Tensor3D, rate: number, draws: Random | null): tf.Tensor3D {
  if (!draws || rate === 0) return x;
  const factors = Float32Array.from({ length: x.size }, () => (draws.uniform() < rate ? 0 : 1 / (1 - rate)));
  return tf.mul(x, tf.tensor3d(factors, x.shape));
}

/** A residual branch, masked, and left out of some items (stochastic depth, Huang et al. 2016). */
function kept(x: tf.Tensor3D, mask: tf.Tensor3D | null, rate: number, draws: Random | null): tf.Tensor3D {
  if (!draws || rate === 0) return masked(x, mask);
  const items = Array.from({ length: x.shape[0] }, () => (draws.uniform() < rate ? 0 : 1 / (1 - rate)));
  const factor = tf.tensor3d(items, [items.length, 1, 1]);
  return tf.mul(x, mask ? tf.mul(factor, mask) : factor);
}
