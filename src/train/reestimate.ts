import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from '../models/layers/layer.js';
import type { Parameters } from '../models/parameters.js';
import { WorkError } from '../system/errors.js';
import { StatisticsCollector } from './statistics.js';

/**
 * Sets a model's running statistics of batch normalisation to the statistics of all `batches` together ("precise" batch
 * normalisation, docs/method.md §6.3), because statistics from training at one fidelity do not fit another. The weights
 * do not change. Every batch has the same weight, whatever its size.
 *
 * @param forward - Runs a batch through the model with the given pass.
 * @throws WorkError when there is no batch.
 */
export async function reestimateStatistics<B>(
  parameters: Parameters,
  batches: AsyncIterable<B>,
  forward: (batch: B, pass: Pass) => tf.Tensor,
): Promise<void> {
  const statistics = new StatisticsCollector();
  const pass: Pass = { parameters, normalization: 'batch', onStatistics: statistics.collect };
  let seen = 0;
  for await (const batch of batches) {
    tf.dispose(tf.tidy(() => forward(batch, pass)));
    seen++;
  }
  if (seen === 0) throw new WorkError('no batch to estimate the statistics of batch normalisation from');
  statistics.update(parameters, 1);
}
