import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from '../models/layers/layer.js';
import type { Parameters } from '../models/parameters.js';
import { WorkError } from '../system/errors.js';
import { StatisticsCollector } from './statistics.js';

/**
 * Sets a model's running statistics to those of all `batches` together under its present weights, which do not
 * change: what training at one fidelity left is not what another one has ("precise" batch normalisation,
 * lofi_spec §1.8). `forward` takes a batch through the model by the given pass. A batch counts as much as any other.
 * Throws {@link WorkError} where there is none.
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
