import { configSchema, type Config } from '../../src/config/schema.js';
import { freshEncoder } from '../../src/stages/encoder/run-encoder.js';
import { freshLocalizer } from '../../src/stages/localize/localizer.js';
import { trainedModel, type TrainedModel } from '../../src/stages/detect/trained-model.js';

/** A configuration whose model is small. */
export function smallConfig(change: object = {}): Config {
  return configSchema.parse({
    encoder: { width: 8, frames: 2, stride: 2 },
    model: { h1: 16, h2: 8, h3: 16, groups: 4, width: 16, inner: 4, context: 2 },
    full: { snippets: 16, size: 32 },
    detect: { keep: 20 },
    ...change,
  });
}

/** An untrained model that finds something nevertheless. The engine must have been started. */
export function randomModel(longest: number, config = smallConfig()): TrainedModel {
  const encoder = freshEncoder(config);
  const localizer = freshLocalizer(config, encoder.encoder.channels, ['jump', 'a <b> & "c"']);
  return trainedModel({ config, encoder, localizer, longest });
}
