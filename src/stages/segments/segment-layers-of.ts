import type { Config } from '../../config/schema.js';
import type { SegmentLayers } from './segment-layers.js';
import { sequenceLayers } from './sequence-layers.js';
import { vectorLayers } from './vector-layers.js';

/**
 * The layers of the classifier of segments that the section `segments` asks for.
 *
 * @param channels - C of the features.
 * @param classes - K.
 */
export function segmentLayersOf(
  { segments, model }: Pick<Config, 'segments' | 'model'>,
  channels: number,
  classes: number,
): SegmentLayers {
  return segments.classifier === 'lstm'
    ? sequenceLayers(model.lstm, channels, classes)
    : vectorLayers(segments.aggregator, channels, classes);
}
