import type * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../ops/normalization/batch-norm.js';
import type { ConvGeometry, EvenGeometry } from '../ops/convolution/conv2d.js';

/** A tensor that whoever made it frees: nothing here is on a tape or in a tidy. */
export interface Held {
  readonly shape: readonly number[];
  dispose(): void;
}

/** Scale and offset of a batch normalisation, the statistics it normalises by, and ε. Vectors `[C]` of float32. */
export interface Normalization<T extends Held> {
  scale: T;
  offset: T;
  mean: T;
  /** The biased one where it is the batch's. */
  variance: T;
  epsilon: number;
}

/** What a backward pass of a normalisation by the batch's statistics needs besides its input. */
export interface BatchMoments<T extends Held> {
  mean: T;
  /** Biased: what was normalised by. */
  variance: T;
  dispose(): void;
}

/** Gradients of a batch normalisation. */
export interface NormalizationGradients<T extends Held> {
  x: T;
  scale: T;
  offset: T;
}

/**
 * What an encoder is made of and its gradients, as plain functions of tensors that the caller owns: each result is new and to be freed by
 * hand, inputs are left alone unless it says "consumes". Images are `[N, H, W, C]`. Images and filters are of the kernels' precision,
 * vectors of channels float32.
 */
export interface Kernels<T extends Held> {
  /** A float32 tensor of tfjs's as an image or filter of the kernels' precision. */
  from: (x: tf.Tensor) => T;
  /** A float32 tensor of tfjs's as it is. */
  vector: (x: tf.Tensor) => T;
  /** As a float32 tensor of tfjs's; consumes x. */
  toTensor: (x: T) => tf.Tensor;
  /** As a float32 tensor of tfjs's, which is the caller's; x stays. */
  view: (x: T) => tf.Tensor;
  reshape: (x: T, shape: readonly number[]) => T;

  conv2d: (x: T, filter: T, geometry: ConvGeometry) => T;
  /** Gradient of the input, of shape `input`. */
  conv2dInput: (dy: T, filter: T, input: readonly number[], geometry: ConvGeometry) => T;
  /** Gradient of the filter, of shape `filter`, which may be `[kh, kw, C, O]` only. */
  conv2dFilter: (x: T, dy: T, filter: readonly number[], geometry: ConvGeometry) => T;
  /** Each channel by a filter of its own, `[kh, kw, C, 1]`. */
  depthwise: (x: T, filter: T, geometry: EvenGeometry) => T;
  depthwiseInput: (dy: T, filter: T, input: readonly number[], geometry: EvenGeometry) => T;
  depthwiseFilter: (x: T, dy: T, filter: readonly number[], geometry: EvenGeometry) => T;
  /** Adds a value to each channel: a vector of the kernels' precision. */
  addBias: (x: T, bias: T) => T;
  /** Its gradient by the vector. */
  biasGradient: (dy: T) => T;

  /** Normalises by the batch's statistics, and hands them out for the running ones. */
  batchNorm: (
    x: T,
    scale: T,
    offset: T,
    epsilon: number,
    onStatistics: (statistics: BatchStatistics) => void,
  ) => { y: T; moments: BatchMoments<T> };
  /** Normalises by given statistics. */
  normalize: (x: T, by: Normalization<T>) => T;
  /** Through a normalisation by statistics that are the batch's own (`batch`) or constants. */
  normalizeGradients: (dy: T, x: T, by: Normalization<T>, batch: boolean) => NormalizationGradients<T>;

  relu: (x: T) => T;
  /** From the output. */
  reluGradient: (dy: T, y: T) => T;
  relu6: (x: T) => T;
  /** From the output. */
  relu6Gradient: (dy: T, y: T) => T;
  add: (a: T, b: T) => T;
  /** TSM's shift by `direction` 1, its gradient by -1; see `temporalShift`. */
  shift: (x: T, frames: number, div: number, direction: 1 | -1) => T;
  /** 3×3 at stride 2, padded by 1 on every side with what loses to everything. */
  maxPool: (x: T) => T;
  /** Its gradient where its input is x normalised: the gradient of that input. */
  maxPoolGradient: (dy: T, x: T, by: Normalization<T>, y: T) => T;
  /** Means over axis 1 of `[N, M, C]`, float32. */
  mean: (x: T) => T;
  /** Its gradient, of shape `[N, M, C]`. */
  meanGradient: (dy: T, places: number) => T;
  /** (x - mean) / deviation of each of three channels; x float32 `[…, H, W, 3]` → `[N, H, W, 3]`. */
  scaleImages: (x: tf.Tensor, mean: readonly number[], deviation: readonly number[]) => T;
}
