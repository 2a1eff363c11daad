import * as tf from '@tensorflow/tfjs-core';
import type { Algebra } from './algebra.js';

/** Rows at mean 0 and variance 1, and one by their standard deviations. */
export interface Standardized {
  /** `[…, C]`. */
  normal: tf.Tensor;
  /** `[…, 1]`. */
  inverse: tf.Tensor;
}

const epsilon = 1e-5;

/** A matrix whose product with rows is their mean. */
const averaging = (channels: number) => tf.tensor2d(new Float32Array(channels).fill(1 / channels), [channels, 1]);

/** Rows x `[…, C]` at mean 0 and variance 1 (biased, with PyTorch's ε). Means are matrix products. */
export function standardized(k: Algebra, x: tf.Tensor): Standardized {
  const average = averaging(x.shape.at(-1)!);
  const centred = k.sub(x, k.matMul(x, average));
  const inverse = k.rsqrt(k.add(k.matMul(k.square(centred), average), tf.scalar(epsilon)));
  return { normal: k.mul(centred, inverse), inverse };
}

/** Its gradient: from that of the normal rows to that of x. */
export function standardizedGradient(k: Algebra, d: tf.Tensor, { normal, inverse }: Standardized): tf.Tensor {
  const average = averaging(d.shape.at(-1)!);
  const along = k.mul(normal, k.matMul(k.mul(d, normal), average));
  return k.mul(k.sub(k.sub(d, along), k.matMul(d, average)), inverse);
}

/** Sums of the columns of x `[…, N, C]` → `[…, 1, C]`. */
export function columnSums(k: Algebra, x: tf.Tensor): tf.Tensor {
  const rows = x.shape.at(-2)!;
  return k.matMul(tf.tensor2d(new Float32Array(rows).fill(1), [1, rows]), x);
}

/** Scale and offset of a layer normalisation, `[C]` each, and the linear layer behind it: weight `[C, O]`, bias `[O]`. */
export interface NormalizedLinear {
  scale: tf.Tensor;
  offset: tf.Tensor;
  weight: tf.Tensor;
  bias: tf.Tensor;
}

/**
 * The linear layers of equal size that do to standardized rows what normalisations and layers do: (n·scale + offset)·W + b. So rows are not
 * scaled one by one. Weights `[L, C, O]`, biases `[L, 1, O]`.
 */
export function folded(k: Algebra, layers: readonly NormalizedLinear[]): { weight: tf.Tensor; bias: tf.Tensor } {
  const { scale, offset, weight, bias } = stacked(k, layers);
  return { weight: k.mul(weight, scale), bias: k.add(k.matMul(offset, weight), bias) };
}

/** Gradients of the normalisations and layers from those of what {@link folded} gave. */
export function foldedGradients(
  k: Algebra,
  layers: readonly NormalizedLinear[],
  d: { weight: tf.Tensor; bias: tf.Tensor },
): NormalizedLinear[] {
  const { scale, offset, weight } = stacked(k, layers);
  const [inputs, outputs] = layers[0]!.weight.shape as [number, number];
  const each = (x: tf.Tensor, shape: number[]) =>
    layers.length === 1 ? [k.reshape(x, shape)] : k.unstack(k.reshape(x, [layers.length, ...shape]));
  const parts = {
    scale: each(k.sumLast(k.mul(d.weight, weight)), [inputs]),
    offset: each(k.matMul(d.bias, weight, false, true), [inputs]),
    weight: each(k.add(k.mul(d.weight, scale), k.matMul(offset, d.bias, true)), [inputs, outputs]),
    bias: each(d.bias, [outputs]),
  };
  return layers.map((_, i) => ({
    scale: parts.scale[i]!,
    offset: parts.offset[i]!,
    weight: parts.weight[i]!,
    bias: parts.bias[i]!,
  }));
}

/** Layers as one: scales `[L, C, 1]`, offsets `[L, 1, C]`, weights `[L, C, O]`, biases `[L, 1, O]`. */
function stacked(k: Algebra, layers: readonly NormalizedLinear[]): NormalizedLinear {
  const [inputs, outputs] = layers[0]!.weight.shape as [number, number];
  const all = (part: keyof NormalizedLinear, shape: number[]) =>
    k.reshape(layers.length === 1 ? layers[0]![part] : k.stack(layers.map((layer) => layer[part])), [
      layers.length,
      ...shape,
    ]);
  return {
    scale: all('scale', [inputs, 1]),
    offset: all('offset', [1, inputs]),
    weight: all('weight', [inputs, outputs]),
    bias: all('bias', [1, outputs]),
  };
}
