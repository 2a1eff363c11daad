import type { Input } from '../../checkpoints/run-store.js';
import type { Config } from '../../config/schema.js';
import { fileInput } from '../run/inputs.js';
import { dataPath } from '../run/run-dataset.js';
import { imagenetFile } from './imagenet.js';

/** The file of `encoder.weights` as an input of a stage; null where none is named, or the file does not exist. */
export function weightsInput(config: Config): Input | null {
  const { type, weights } = config.encoder;
  if (weights === null) return null;
  const file = weights === 'imagenet' ? imagenetFile(type) : dataPath(config, weights);
  return file === null ? null : fileInput(file);
}
