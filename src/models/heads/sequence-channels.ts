import * as tf from '@tensorflow/tfjs-core';
import type { LstmOptions } from '../../config/sections/model-section.js';
import { differentiable } from '../../engine/ops/differentiable.js';
import { gatherRows } from '../../engine/ops/graph/gather-rows.js';
import { sparseMatrix, type SparseRow } from '../../engine/ops/graph/sparse-matrix.js';
import { prefixedPass, prefixedSpecs } from '../layers/prefixed.js';
import { lstmStack } from '../sequence/lstm-stack.js';
import { perceptScale, scaledPercepts } from '../sequence/percept-scale.js';
import type { FurtherChannels } from './further-channels.js';
import { blockLayout } from './sequence-blocks.js';

/** The beginning of the names of its parameters, which are those that `pretext` leaves. */
export const sequencePrefix = 'sequence.';

/**
 * What an LSTM has kept of the snippets up to each one (`model.sequence: lstm`; docs/pretext.md): its outputs over
 * {@link blockLayout | blocks} of snippets, in each of which it begins from nothing, averaged where blocks overlap.
 *
 * @param features - Channels of a feature, C.
 */
export function sequenceChannels(features: number, { units, layers, ...blocks }: LstmOptions): FurtherChannels {
  const stack = lstmStack('encoder', { inputs: features, units, layers });
  return {
    count: units,
    parameters: prefixedSpecs([...stack.parameters, ...perceptScale(features)], sequencePrefix),
    of({ features: x, valid }, pass) {
      const own = prefixedPass(pass, sequencePrefix);
      const [items, snippets] = x.shape;
      const { count, steps, rows, means } = blockLayout(valid, snippets, blocks);
      const flat = tf.reshape<tf.Rank.R2>(scaledPercepts(x, own), [items * snippets, features]);
      const seen = tf.reshape<tf.Rank.R3>(gatherRows(flat, rows), [steps, count, features]);
      const { outputs } = stack.run(seen, steps, own);
      const each = tf.reshape<tf.Rank.R2>(outputs, [steps * count, units]);
      return tf.reshape(averaged(each, means), [items, snippets, units]);
    },
  };
}

/** The mean of some rows of x `[N, H]` for each row of the result, on the tape; zeros where there are none. */
function averaged(x: tf.Tensor2D, means: readonly SparseRow[]): tf.Tensor2D {
  const product = (y: tf.Tensor2D, which: 'times' | 'transposedTimes') => {
    const matrix = sparseMatrix(means, x.shape[0]);
    try {
      return matrix[which](y);
    } finally {
      matrix.dispose();
    }
  };
  return differentiable([x], () => ({
    value: product(x, 'times'),
    saved: [],
    gradient: (dy) => product(dy as tf.Tensor2D, 'transposedTimes'),
  }));
}
