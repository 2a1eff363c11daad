import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Random } from '../../engine/random.js';
import type { FeatureRows } from '../../models/aggregators/aggregator.js';
import type { Parameters } from '../../models/parameters.js';
import { concatenated } from '../../system/concatenated.js';
import type { SegmentLayers } from './segment-layers.js';
import { spanBins, type SegmentSpan } from './segment-spans.js';

/** Features of a video, and the spans of its instances. */
export interface LabelledFeatures {
  features: Features;
  spans: readonly SegmentSpan[];
}

/** Mean and deviation of each channel. */
interface Moments {
  mean: Float32Array;
  deviation: Float32Array;
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
  const snippets = momentsOf(training.map(({ features }) => features));
  if (!aggregator) {
    assign(parameters, '', snippets);
    return;
  }
  assign(parameters, 'snippets.', snippets);
  const instances = training.flatMap(({ features, spans }) => spans.map((span) => spanBins(features, span, bins)));
  const channels = snippets.mean.length;
  const data = Float64Array.from(concatenated(instances), (x, i) => {
    const c = i % channels;
    return (x - snippets.mean[c]!) / snippets.deviation[c]!;
  });
  const rows: FeatureRows = { data, count: data.length / channels, channels };
  const values = aggregator.fit?.(rows, random) ?? {};
  for (const { name, shape } of aggregator.parameters)
    parameters.assign(name, tf.tensor(Float32Array.from(values[name]!), shape));
  const found = instances.map((_, i): Features => {
    const part = data.subarray(i * bins * channels, (i + 1) * bins * channels);
    const { value } = aggregator.aggregate({ data: part, count: bins, channels }, values);
    return { data: Float32Array.from(value), shape: [1, aggregator.channels] };
  });
  assign(parameters, '', momentsOf(found));
}

function momentsOf(features: readonly Features[]): Moments {
  const channels = features[0]!.shape[1];
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  for (const { data, shape } of features) {
    count += shape[0];
    for (let i = 0; i < data.length; i++) {
      sum[i % channels]! += data[i]!;
      squares[i % channels]! += data[i]! ** 2;
    }
  }
  const mean = sum.map((total) => total / count);
  const deviation = squares.map((total, c) => Math.sqrt(Math.max(total / count - mean[c]! ** 2, 1e-8)) + 1e-3);
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(deviation) };
}

function assign(parameters: Parameters, prefix: string, { mean, deviation }: Moments): void {
  parameters.assign(`${prefix}mean`, tf.tensor1d(mean));
  parameters.assign(`${prefix}deviation`, tf.tensor1d(deviation));
}
