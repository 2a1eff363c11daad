import type * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Random } from '../../engine/random.js';
import type { ParameterSpec, Parameters } from '../../models/parameters.js';
import type { PretrainedSequence } from '../features/pretrained-sequence.js';
import type { SegmentSpan } from './segment-spans.js';

/** Features of a video, and the spans of its instances. */
export interface LabelledFeatures {
  features: Features;
  spans: readonly SegmentSpan[];
}

/** Dropout of a training step: the fraction that is set to 0, and the seed by which it is drawn. */
export interface Dropout {
  fraction: number;
  seed: number;
}

/** The layers of a classifier of segments. They hold no tensors. */
export interface SegmentLayers {
  readonly parameters: readonly ParameterSpec[];
  /** Feature vectors that a training step sees of a segment, T. */
  readonly rows: number;
  /** What a training step sees of a span of a video: `[T, C]`. */
  rowsOf(features: Features, span: SegmentSpan, random: Random): Float32Array;
  /**
   * Sets what is there before training: what is measured of the training videos, and what others have learnt.
   *
   * @param pretext - What `pretext` has learnt, where the classifier starts from it.
   */
  begin(
    parameters: Parameters,
    training: readonly LabelledFeatures[],
    random: Random,
    pretext: PretrainedSequence | null,
  ): void;
  /** The loss of each segment, `[N]`, on the tape: rows `[N, T, C]`, and the class of each. */
  losses(rows: tf.Tensor3D, classes: readonly number[], parameters: Parameters, dropout: Dropout): tf.Tensor1D;
  /** Class probabilities of spans of a video, `[N · K]`. */
  likelihoods(features: Features, spans: readonly SegmentSpan[], parameters: Parameters): Float32Array;
}
