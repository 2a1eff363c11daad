import type * as tf from '@tensorflow/tfjs-core';
import type { Precision } from '../../engine/kernels/choose.js';
import type { BatchStatistics } from '../../engine/ops/normalization/batch-norm.js';
import type { ParameterSpec, ReadableParameters } from '../parameters.js';

/** The inputs of a pass through a model besides the data. */
export interface Pass {
  parameters: ReadableParameters;
  /**
   * `batch`: normalise by the batch's statistics and report them to `onStatistics`;
   * `running`: by the running statistics.
   */
  normalization: 'batch' | 'running';
  onStatistics?: (layer: string, statistics: BatchStatistics) => void;
  /**
   * Receives the mean, over the items of a pass, of a quantity that an untrained parameter tracks. Once a step the
   * parameter moves towards it (an exponential moving average).
   */
  onMean?: (parameter: string, mean: tf.Tensor1D, items: number) => void;
  /** Frames of a snippet, F, for layers that look along time. An encoder of frames sets it from its input. */
  frames?: number;
  /** Whether an encoder gives a feature of each of its frames, `[B, L·T, C]`, instead of their mean of each snippet. */
  eachFrame?: boolean;
  /**
   * Seed by which a training pass draws the values that dropout inside an encoder sets to 0. Passes with the same seed
   * draw the same. Absent: nothing is dropped.
   */
  dropoutSeed?: number;
  /**
   * Precision of an encoder's images and filters (default: float32). Parameters, statistics and
   * features are always float32.
   */
  precision?: Precision;
}

/**
 * Frames of a snippet, for layers that look along time.
 *
 * @throws RangeError when the pass does not say.
 */
export function framesOf({ frames }: Pass): number {
  if (frames === undefined) throw new RangeError('a shift in time needs to know the frames of a snippet');
  return frames;
}

/** A part of a model: the parameters it owns and the function that it computes with them. */
export interface Layer<In extends tf.Tensor = tf.Tensor4D, Out extends tf.Tensor = In> {
  parameters: ParameterSpec[];
  apply(x: In, pass: Pass): Out;
}

/** Composes layers, the first one applied first. */
export function sequence<T extends tf.Tensor>(...layers: Layer<T>[]): Layer<T> {
  return {
    parameters: layers.flatMap((layer) => layer.parameters),
    apply: (x, pass) => layers.reduce((y, layer) => layer.apply(y, pass), x),
  };
}
