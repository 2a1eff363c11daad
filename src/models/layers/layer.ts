import type * as tf from '@tensorflow/tfjs-core';
import type { Precision } from '../../engine/kernels/choose.js';
import type { BatchStatistics } from '../../engine/ops/normalization/batch-norm.js';
import type { ParameterSpec, Parameters } from '../parameters.js';

/** What one pass through a model needs besides its input. */
export interface Pass {
  parameters: Parameters;
  /** `batch`: normalise by the batch and hand its statistics to `onStatistics`; `running`: by the running ones. */
  normalization: 'batch' | 'running';
  onStatistics?: (layer: string, statistics: BatchStatistics) => void;
  /** Takes a mean over the items of a pass that a parameter which is not trained shall follow: it moves towards it once a step. */
  onMean?: (parameter: string, mean: tf.Tensor1D, items: number) => void;
  /** Frames of a snippet F, for layers that look along time; an encoder of frames sets it from its input. */
  frames?: number;
  /** Of an encoder's images and filters (absent: float32); its parameters, statistics and features are float32 in any case. */
  precision?: Precision;
}

/** Frames of a snippet, for what looks along time. Throws a RangeError where the pass does not say. */
export function framesOf({ frames }: Pass): number {
  if (frames === undefined) throw new RangeError('a shift in time needs to know the frames of a snippet');
  return frames;
}

/** A part of a model: the parameters it owns and what it does with them. */
export interface Layer<In extends tf.Tensor = tf.Tensor4D, Out extends tf.Tensor = In> {
  parameters: ParameterSpec[];
  apply(x: In, pass: Pass): Out;
}

/** Layers one after the other. */
export function sequence<T extends tf.Tensor>(...layers: Layer<T>[]): Layer<T> {
  return {
    parameters: layers.flatMap((layer) => layer.parameters),
    apply: (x, pass) => layers.reduce((y, layer) => layer.apply(y, pass), x),
  };
}
