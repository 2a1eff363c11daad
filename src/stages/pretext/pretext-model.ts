import type { Config } from '../../config/schema.js';
import type { ParameterSpec } from '../../models/parameters.js';
import { perceptScale } from '../../models/sequence/percept-scale.js';
import { SequenceAutoencoder } from '../../models/sequence/sequence-autoencoder.js';
import { pretextOf } from './sequences.js';

/**
 * The model that `pretext` trains, for steps of `channels` numbers, and all parameters of its part, `sequence`.
 * Features are standardised before the model sees them; pixels are seen as they are.
 */
export function pretextModel(
  config: Pick<Config, 'model' | 'pretext'>,
  channels: number,
): { model: SequenceAutoencoder; specs: ParameterSpec[] } {
  const { task, conditional, data } = pretextOf(config);
  const { units, layers } = config.model.lstm;
  const model = new SequenceAutoencoder({
    ...{ model: task, conditional, copyInitState: false, channels, units, layers },
    values: data === 'glyphs' ? 'binary' : 'real',
  });
  const scale = data === 'features' ? perceptScale(channels) : [];
  return { model, specs: [...model.parameters, ...scale] };
}
