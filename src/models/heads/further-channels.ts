import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';
import type { Head, HeadInput } from './head.js';

/** Channels that are computed from features and stand behind them, in front of a head. */
export interface FurtherChannels {
  /** How many there are. */
  readonly count: number;
  /** Those of its own, under names that no head uses. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * The channels `[B, T, count]` of features `[B, T, C]`, on the tape. Rows that are no video are not read, and those
   * of the result are zeros.
   */
  of(input: HeadInput, pass: Pass): tf.Tensor3D;
}

/**
 * A head that sees features with further channels behind their own.
 *
 * @param head - A head for all of them. It belongs to the result.
 */
export function withFurtherChannels<Targets>(head: Head<Targets>, further: readonly FurtherChannels[]): Head<Targets> {
  const joined = (input: HeadInput, pass: Pass): HeadInput => ({
    features: tf.concat([input.features, ...further.map((channels) => channels.of(input, pass))], 2),
    valid: input.valid,
  });
  return {
    parameters: [...head.parameters, ...further.flatMap(({ parameters }) => parameters)],
    labels: head.labels,
    targets: (...item) => head.targets(...item),
    loss: (input, targets, pass, draws) => head.loss(joined(input, pass), targets, pass, draws),
    propose(features, valid, pass, options) {
      const input = tf.tidy(() => joined({ features, valid: [valid] }, pass).features);
      try {
        return head.propose(input, valid, pass, options);
      } finally {
        input.dispose();
      }
    },
    [Symbol.dispose]() {
      head[Symbol.dispose]();
    },
  };
}
