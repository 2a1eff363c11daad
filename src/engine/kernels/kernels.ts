import type * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../ops/normalization/batch-norm.js';
import type { LrnConstants } from '../ops/normalization/lrn.js';
import type { ConvGeometry, EvenGeometry } from '../ops/convolution/conv2d.js';

/** A tensor that its creator must free: no tape records it, and no `tf.tidy` frees it. */
export interface Held {
  readonly shape: readonly number[];
  dispose(): void;
}

/**
 * Scale and offset of a batch normalisation, the statistics by which it normalises, and ε. Vectors `[C]` of float32.
 */
export interface Normalization<T extends Held> {
  scale: T;
  offset: T;
  mean: T;
  /** Biased where it is the variance of the batch. */
  variance: T;
  epsilon: number;
}

/** The statistics that the backward pass of a batch normalisation needs besides its input. */
export interface BatchMoments<T extends Held> {
  mean: T;
  /** The biased variance, by which the batch was normalised. */
  variance: T;
  dispose(): void;
}

/** Gradients of a batch normalisation. */
export interface NormalizationGradients<T extends Held> {
  x: T;
  scale: T;
  offset: T;
}

/** The window of a max pool without padding, and the step between windows, for rows and columns alike. */
export interface PoolWindow {
  /** [rows, columns]. */
  size: readonly [number, number];
  stride: number;
}

/**
 * The operations of an encoder and their gradients, as plain functions of tensors that the caller owns: each result is
 * new and must be freed by hand; inputs are left alone unless the comment says "consumes". Images are `[N, H, W, C]`.
 * Images and filters have the kernels' precision; vectors of channels are float32.
 */
export interface Kernels<T extends Held> {
  /** Converts a float32 tensor of tfjs to an image or filter in the kernels' precision. */
  from: (x: tf.Tensor) => T;
  /** Converts a float32 tensor of tfjs without changing its precision. */
  vector: (x: tf.Tensor) => T;
  /** Converts to a float32 tensor of tfjs; consumes x. */
  toTensor: (x: T) => tf.Tensor;
  /** Converts to a float32 tensor of tfjs, which is the caller's; x stays. */
  view: (x: T) => tf.Tensor;
  reshape: (x: T, shape: readonly number[]) => T;

  conv2d: (x: T, filter: T, geometry: ConvGeometry) => T;
  /** Gradient of conv2d's input, of shape `input`. */
  conv2dInput: (dy: T, filter: T, input: readonly number[], geometry: ConvGeometry) => T;
  /** Gradient of conv2d's filter, of shape `filter` = `[kh, kw, C, O]`. */
  conv2dFilter: (x: T, dy: T, filter: readonly number[], geometry: ConvGeometry) => T;
  /** Convolves each channel with a filter of its own, `[kh, kw, C, 1]`. */
  depthwise: (x: T, filter: T, geometry: EvenGeometry) => T;
  depthwiseInput: (dy: T, filter: T, input: readonly number[], geometry: EvenGeometry) => T;
  depthwiseFilter: (x: T, dy: T, filter: readonly number[], geometry: EvenGeometry) => T;
  /** Adds a vector of the kernels' precision, one value per channel. */
  addBias: (x: T, bias: T) => T;
  /** Gradient of addBias's vector. */
  biasGradient: (dy: T) => T;

  /** Normalises by the batch's statistics, and reports them for the running statistics. */
  batchNorm: (
    x: T,
    scale: T,
    offset: T,
    epsilon: number,
    onStatistics: (statistics: BatchStatistics) => void,
  ) => { y: T; moments: BatchMoments<T> };
  /** Normalises by given statistics. */
  normalize: (x: T, by: Normalization<T>) => T;
  /** Gradients of a normalisation by statistics that are the batch's own (`batch`) or constants. */
  normalizeGradients: (dy: T, x: T, by: Normalization<T>, batch: boolean) => NormalizationGradients<T>;

  relu: (x: T) => T;
  /** The gradient, given relu's output y. */
  reluGradient: (dy: T, y: T) => T;
  relu6: (x: T) => T;
  /** The gradient, given relu6's output y. */
  relu6Gradient: (dy: T, y: T) => T;
  add: (a: T, b: T) => T;
  /** TSM's shift with `direction` 1, its gradient with -1; see `temporalShift`. */
  shift: (x: T, frames: number, div: number, direction: 1 | -1) => T;
  /** Max pool of 3×3 at stride 2, padded on every side by 1 with values below all others. */
  maxPool: (x: T) => T;
  /** Gradient of `maxPool(normalize(x, by))` with respect to `normalize(x, by)`, given the pool's output y. */
  maxPoolGradient: (dy: T, x: T, by: Normalization<T>, y: T) => T;
  /** Max pool without padding: rows and columns that fill no window are left out. */
  pool: (x: T, window: PoolWindow) => T;
  /** Gradient of pool's input x, given its output y. Of equal values of a window one takes the gradient. */
  poolGradient: (dy: T, x: T, y: T, window: PoolWindow) => T;
  /** Local response normalisation; see `lrn`. */
  lrn: (x: T, constants: LrnConstants) => T;
  /** Gradient of lrn's input x, given its output y. */
  lrnGradient: (dy: T, x: T, y: T, constants: LrnConstants) => T;
  /** Means over axis 1 of `[N, M, C]`, float32. */
  mean: (x: T) => T;
  /** Gradient of `mean`, of shape `[N, M, C]`; `places` is M. */
  meanGradient: (dy: T, places: number) => T;
  /** (x - mean) / deviation for each of three channels; x float32 `[…, H, W, 3]` → `[N, H, W, 3]`. */
  scaleImages: (x: tf.Tensor, mean: readonly number[], deviation: readonly number[]) => T;
}
