import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { AggregatorOptions } from '../../config/sections/aggregator-section.js';
import { aggregate } from '../../models/aggregators/aggregate.js';
import { buildAggregator } from '../../models/aggregators/aggregator-catalogue.js';
import type { Aggregator } from '../../models/aggregators/aggregator.js';
import { Classifier, crossEntropies, measured } from '../../models/classifier.js';
import type { Pass } from '../../models/layers/layer.js';
import type { Parameters } from '../../models/parameters.js';
import { concatenated } from '../../system/concatenated.js';
import { fitSegments } from './fit-segments.js';
import type { Dropout, SegmentLayers } from './segment-layers.js';
import { spanBins, type SegmentSpan } from './segment-spans.js';

/** The layers of a softmax over one vector of a segment. Their rows are the mean features of parts of the segment. */
export interface VectorLayers extends SegmentLayers {
  /** Makes one vector of the parts; null: there is one part, because the order of snippets does not matter. */
  readonly aggregator: Aggregator | null;
  /** Logits `[N, K]` of the parts `[N, T, C]` of segments. Dropout acts on what the softmax sees. */
  logits(parts: tf.Tensor3D, pass: Pass, dropout?: Dropout): tf.Tensor2D;
}

/** Parts of a segment that an aggregator sees. Longer ones are means of several snippets. */
const usualParts = 16;

/**
 * A softmax over one vector of a segment: the mean of its features, or what an aggregator makes of them after they have
 * been standardised.
 *
 * @param options - `segments.aggregator`.
 * @param channels - C of the features.
 * @param classes - K.
 */
export function vectorLayers(options: AggregatorOptions | null, channels: number, classes: number): VectorLayers {
  const own =
    options === null || options.type === 'mean'
      ? onMeans(channels, classes)
      : onParts(buildAggregator(options, channels), channels, classes);
  return {
    ...own,
    rowsOf: (features, span) => spanBins(features, span, own.rows),
    begin(parameters, training, random) {
      fitSegments(own, parameters, training, random);
    },
    losses: (rows, labels, parameters, dropout) =>
      crossEntropies(own.logits(rows, { parameters, normalization: 'running' }, dropout), labels),
    likelihoods: (features, spans, parameters) => likelihoods(own, features, spans, parameters),
  };
}

type OwnLayers = Pick<VectorLayers, 'parameters' | 'rows' | 'aggregator' | 'logits'>;

function onMeans(channels: number, classes: number): OwnLayers {
  const classifier = new Classifier(channels, classes, 0.01);
  return {
    parameters: classifier.parameters,
    rows: 1,
    aggregator: null,
    logits: (parts, pass, dropout) =>
      classifier.logits(tf.reshape(parts, [-1, channels]), pass, dropout?.fraction, dropout?.seed),
  };
}

function onParts(aggregator: Aggregator, channels: number, classes: number): OwnLayers {
  const classifier = new Classifier(aggregator.channels, classes, 0.01);
  return {
    parameters: [
      ...classifier.parameters,
      measured('snippets.mean', channels, 0),
      measured('snippets.deviation', channels, 1),
      ...aggregator.parameters,
    ],
    rows: usualParts,
    aggregator,
    logits(parts, pass, dropout) {
      const { parameters } = pass;
      const centred = tf.sub(parts, parameters.get('snippets.mean'));
      const x = tf.div<tf.Tensor3D>(centred, parameters.get('snippets.deviation'));
      const valid = Array<number>(x.shape[0]).fill(usualParts);
      const vectors = aggregate(aggregator, { x, valid }, parameters);
      return classifier.logits(vectors, pass, dropout?.fraction, dropout?.seed);
    },
  };
}

/**
 * Numbers that an aggregator takes, or makes, of segments at once. Its results are long and proposals are many:
 * together, those of a video may not fit into memory.
 */
const numbersAtOnce = 2 ** 22;

function likelihoods(
  layers: OwnLayers,
  features: Features,
  spans: readonly SegmentSpan[],
  parameters: Parameters,
): Float32Array {
  const { aggregator, rows } = layers;
  const numbers = aggregator && Math.max(rows * features.shape[1], aggregator.channels);
  const atOnce = numbers === null ? spans.length : Math.max(1, Math.floor(numbersAtOnce / numbers));
  const found: Float32Array[] = [];
  for (let from = 0; from < spans.length; from += atOnce)
    found.push(someLikelihoods(layers, features, spans.slice(from, from + atOnce), parameters));
  return concatenated(found);
}

function someLikelihoods(
  { rows, logits }: OwnLayers,
  features: Features,
  spans: readonly SegmentSpan[],
  parameters: Parameters,
): Float32Array {
  const [, channels] = features.shape;
  const parts = spans.map((span) => spanBins(features, span, rows));
  const likelihoods = tf.tidy(() => {
    const x = tf.tensor3d(concatenated(parts), [spans.length, rows, channels]);
    return tf.softmax(logits(x, { parameters, normalization: 'running' }));
  });
  const values = likelihoods.dataSync<'float32'>();
  likelihoods.dispose();
  return values;
}
