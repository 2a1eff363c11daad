import type { Features } from '../../checkpoints/feature-store.js';
import type { Random } from '../../engine/random.js';
import { assignValues } from '../../models/aggregators/aggregate.js';
import type { Aggregator, FeatureRows } from '../../models/aggregators/aggregator.js';
import { drawnRows } from '../../models/aggregators/codebooks/draw-rows.js';
import type { Parameters } from '../../models/parameters.js';
import { assignMoments, momentsOf } from '../features/moments.js';
import type { LabelledFeatures } from './segment-layers.js';
import { spanBins } from './segment-spans.js';

/**
 * Sets what a softmax over one vector of a segment measures before it is trained: mean and deviation of all training
 * snippets and, where it has an aggregator, the codebook, fitted to the standardised parts of the instances, and mean
 * and deviation of what the aggregator makes of the instances.
 */
export function fitSegments(
  { aggregator, rows: parts }: { aggregator: Aggregator | null; rows: number },
  parameters: Parameters,
  training: readonly LabelledFeatures[],
  random: Random,
): void {
  const snippets = momentsOf(
    training.map(({ features }) => features),
    training[0]!.features.shape[1],
  );
  if (!aggregator) {
    assignMoments(parameters, snippets);
    return;
  }
  assignMoments(parameters, snippets, 'snippets.');
  const spans = training.flatMap(({ features, spans }) => spans.map((span) => ({ features, span })));
  // Such a classifier is not trained either.
  if (spans.length === 0) return;
  const channels = snippets.mean.length;
  /** The standardised parts of an instance. All of a large data set would not fit into memory. */
  const rowsOf = (instance: number): FeatureRows => {
    const { features, span } = spans[instance]!;
    const data = Float64Array.from(spanBins(features, span, parts), (x, i) => {
      const c = i % channels;
      return (x - snippets.mean[c]!) / snippets.deviation[c]!;
    });
    return { data, count: parts, channels };
  };
  const values = aggregator.fit?.(sampleOf(spans.length, parts, channels, rowsOf, random), random) ?? {};
  assignValues(aggregator, values, parameters);
  function* found(): Generator<Features> {
    for (let instance = 0; instance < spans.length; instance++) {
      const { value } = aggregator!.aggregate(rowsOf(instance), values);
      yield { data: Float32Array.from(value), shape: [1, aggregator!.channels] };
    }
  }
  assignMoments(parameters, momentsOf(found(), aggregator.channels));
}

/** As many rows of instances as a codebook is fitted to, drawn at random where there are more. */
function sampleOf(
  instances: number,
  parts: number,
  channels: number,
  rowsOf: (instance: number) => FeatureRows,
  random: Random,
): FeatureRows {
  const drawn = drawnRows(instances * parts, random);
  const data = new Float64Array(drawn.length * channels);
  let [seen, rows]: [number, Float64Array] = [-1, data];
  drawn.forEach((row, at) => {
    const instance = Math.floor(row / parts);
    if (instance !== seen) [seen, rows] = [instance, rowsOf(instance).data];
    const from = (row % parts) * channels;
    data.set(rows.subarray(from, from + channels), at * channels);
  });
  return { data, count: drawn.length, channels };
}
