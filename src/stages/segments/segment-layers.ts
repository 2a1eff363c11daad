import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../../config/schema.js';
import { aggregate } from '../../models/aggregators/aggregate.js';
import { buildAggregator } from '../../models/aggregators/aggregator-catalogue.js';
import type { Aggregator } from '../../models/aggregators/aggregator.js';
import { Classifier, measured } from '../../models/classifier.js';
import type { Pass } from '../../models/layers/layer.js';
import type { ParameterSpec } from '../../models/parameters.js';

/** The layers of a classifier of segments. They hold no tensors. */
export interface SegmentLayers {
  readonly parameters: readonly ParameterSpec[];
  /** Parts that a segment is cut into, whose mean features are seen: 1 where the order of snippets does not matter. */
  readonly bins: number;
  /** Makes one vector of the parts; null: there is one part. */
  readonly aggregator: Aggregator | null;
  /** Logits `[N, K]` of the parts `[N, bins, C]` of segments. Dropout, by `seed`, acts on what the softmax sees. */
  logits(parts: tf.Tensor3D, pass: Pass, dropout?: number, seed?: number): tf.Tensor2D;
}

/** Parts of a segment that an aggregator sees. Longer ones are means of several snippets. */
const usualBins = 16;

/**
 * A softmax over one vector of a segment: the mean of its features, or what `segments.aggregator` makes of them after
 * they have been standardised.
 *
 * @param channels - C of the features.
 * @param classes - K.
 */
export function segmentLayers({ aggregator: options }: Config['segments'], channels: number, classes: number) {
  return options === null || options.type === 'mean'
    ? onMeans(channels, classes)
    : onParts(buildAggregator(options, channels), channels, classes);
}

function onMeans(channels: number, classes: number): SegmentLayers {
  const classifier = new Classifier(channels, classes, 0.01);
  return {
    parameters: classifier.parameters,
    bins: 1,
    aggregator: null,
    logits: (parts, pass, dropout, seed) => classifier.logits(tf.reshape(parts, [-1, channels]), pass, dropout, seed),
  };
}

function onParts(aggregator: Aggregator, channels: number, classes: number): SegmentLayers {
  const classifier = new Classifier(aggregator.channels, classes, 0.01);
  return {
    parameters: [
      ...classifier.parameters,
      measured('snippets.mean', channels, 0),
      measured('snippets.deviation', channels, 1),
      ...aggregator.parameters,
    ],
    bins: usualBins,
    aggregator,
    logits(parts, pass, dropout, seed) {
      const { parameters } = pass;
      const centred = tf.sub(parts, parameters.get('snippets.mean'));
      const x = tf.div<tf.Tensor3D>(centred, parameters.get('snippets.deviation'));
      const valid = Array<number>(x.shape[0]).fill(usualBins);
      return classifier.logits(aggregate(aggregator, { x, valid }, parameters), pass, dropout, seed);
    },
  };
}
