import { encodeSafetensors } from '../../checkpoints/formats/safetensors.js';
import type { TensorData } from '../../checkpoints/formats/tensor.js';
import { namesIn, type Naming } from '../../models/weights/naming.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { readEncoderWeights, type EncoderWeights } from './encoder-weights.js';

/**
 * Writes the encoder of a file ({@link readEncoderWeights}) as a safetensors file in a naming, with the classifier, the
 * counters and the metadata of the file. Of a run's encoder with an aggregator, this is the network alone.
 *
 * @returns The weights that were read.
 * @throws UsageError when `from` holds no encoder, or the naming has no names for it; WorkError when writing fails.
 */
export function convertWeights(from: string, to: string, naming: Naming): EncoderWeights {
  const weights = readEncoderWeights(from);
  if (naming !== 'torchvision' && weights.encoder.input !== 'rgb')
    throw new UsageError(
      `${from} holds two networks (encoder.input=${weights.encoder.input}): choose --naming torchvision`,
    );
  const nameOf = namesIn(naming, weights.encoder.type, weights.encoder.parameters);
  const tensors = new Map<string, TensorData>();
  for (const [name, values] of weights.state) tensors.set(nameOf(name), { dtype: 'F32', ...values });
  for (const [name, tensor] of weights.others) tensors.set(nameOf(name), tensor);
  const parts = encodeSafetensors(tensors, weights.metadata);
  try {
    writeFileAtomic(to, ...parts);
  } catch (error) {
    throw new WorkError(`not written: ${to} (${(error as NodeJS.ErrnoException).code ?? 'error'})`, { cause: error });
  }
  return weights;
}
