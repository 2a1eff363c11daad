import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Random } from '../../engine/random.js';
import { assignValues } from '../../models/aggregators/aggregate.js';
import type { FeatureRows } from '../../models/aggregators/aggregator.js';
import { drawnRows } from '../../models/aggregators/codebooks/draw-rows.js';
import type { Parameters } from '../../models/parameters.js';
import { momentsOf, type Moments } from '../features/moments.js';
import type { SegmentLayers } from './segment-layers.js';
import { spanBins, type SegmentSpan } from './segment-spans.js';

/** Features of a video, and the spans of its instances. */
export interface LabelledFeatures {
  features: Features;
  spans: readonly SegmentSpan[];
}

/**
 * Sets what a classifier of segments measures before it is trained: mean and deviation of all training snippets and,
 * where it has an aggregator, the codebook, fitted to the standardised parts of the instances, and mean and deviation
 * of what the aggregator makes of the instances.
 */
export function fitSegments(
  { aggregator, bins }: SegmentLayers,
  parameters: Parameters,
  training: readonly LabelledFeatures[],
  random: Random,
): void {
  const snippets = momentsOf(
    training.map(({ features }) => features),
    training[0]!.features.shape[1],
  );
  if (!aggregator) {
    assign(parameters, '', snippets);
    return;
  }
  assign(parameters, 'snippets.', snippets);
  const spans = training.flatMap(({ features, spans }) => spans.map((span) => ({ features, span })));
  // Such a classifier is not trained either.
  if (spans.length === 0) return;
  const channels = snippets.mean.length;
  /** The standardised parts of an instance. All of a large data set would not fit into memory. */
  const rowsOf = (instance: number): FeatureRows => {
    const { features, span } = spans[instance]!;
    const data = Float64Array.from(spanBins(features, span, bins), (x, i) => {
      const c = i % channels;
      return (x - snippets.mean[c]!) / snippets.deviation[c]!;
    });
    return { data, count: bins, channels };
  };
  const values = aggregator.fit?.(sampleOf(spans.length, bins, channels, rowsOf, random), random) ?? {};
  assignValues(aggregator, values, parameters);
  function* found(): Generator<Features> {
    for (let instance = 0; instance < spans.length; instance++) {
      const { value } = aggregator!.aggregate(rowsOf(instance), values);
      yield { data: Float32Array.from(value), shape: [1, aggregator!.channels] };
    }
  }
  assign(parameters, '', momentsOf(found(), aggregator.channels));
}

/** As many rows of instances as a codebook is fitted to, drawn at random where there are more. */
function sampleOf(
  instances: number,
  bins: number,
  channels: number,
  rowsOf: (instance: number) => FeatureRows,
  random: Random,
): FeatureRows {
  const drawn = drawnRows(instances * bins, random);
  const data = new Float64Array(drawn.length * channels);
  let [seen, rows]: [number, Float64Array] = [-1, data];
  drawn.forEach((row, at) => {
    const instance = Math.floor(row / bins);
    if (instance !== seen) [seen, rows] = [instance, rowsOf(instance).data];
    const from = (row % bins) * channels;
    data.set(rows.subarray(from, from + channels), at * channels);
  });
  return { data, count: drawn.length, channels };
}

function assign(parameters: Parameters, prefix: string, { mean, deviation }: Moments): void {
  parameters.assign(`${prefix}mean`, tf.tensor1d(mean));
  parameters.assign(`${prefix}deviation`, tf.tensor1d(deviation));
}
