import { aggregatorSchema, type AggregatorOptions } from '../../../src/config/sections/aggregator-section.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildAggregator } from '../../../src/models/aggregators/aggregator-catalogue.js';
import { Adam } from '../common/adam.js';
import { accuracyOf, fitLogistic } from '../common/logistic-regression.js';
import type { ToyResult } from '../common/report.js';
import { backwardCrossEntropy, zeroClassifier } from '../common/softmax.js';
import { addWeightGradient, features, frameFeatures, randomWeights } from './frame-network.js';
import { inputs, makeSequences, orders, type Sequences } from './sequences.js';

/** The accuracy of one arm. `trained`: whether the frame network was trained through the aggregator. */
export interface OrderResult extends ToyResult {
  readonly aggregator: string;
  readonly trained: boolean;
}

const rank = { type: 'rank', smoothing: false, nonlinearity: 'none', normalize: true };
const aggregators: Readonly<Record<string, AggregatorOptions>> = {
  mean: aggregatorSchema.parse({ type: 'mean' }),
  max: aggregatorSchema.parse({ type: 'max' }),
  arp: aggregatorSchema.parse({ type: 'arp' }),
  'rank, index': aggregatorSchema.parse({ ...rank, targets: 'index' }),
  'rank, index, diagonal': aggregatorSchema.parse({ ...rank, targets: 'index', backward: 'diagonal' }),
  'rank, centred': aggregatorSchema.parse({ ...rank, targets: 'centred' }),
  'rank, centred, diagonal': aggregatorSchema.parse({ ...rank, targets: 'centred', backward: 'diagonal' }),
};

/** Chosen with other seeds (100 to 103) than the toy is shown with. */
const [epochs, batch, rate] = [60, 20, 0.003];

/** The accuracies of all aggregators on test sequences, each with the frame network left as it begins, and trained. */
export function studyOrders(
  seeds: readonly number[],
  onProgress: (done: string) => void = () => undefined,
): OrderResult[] {
  return seeds.flatMap((seed) => {
    const [train, test] = [makeSequences(200, seed, 'train'), makeSequences(400, seed, 'test')];
    return Object.entries(aggregators).flatMap(([aggregator, options]) =>
      [false, true].flatMap((trained): OrderResult[] => {
        // Only the backward pass of a trained network tells the diagonal from the exact gradient.
        if (!trained && aggregator.endsWith('diagonal')) return [];
        const begin = randomWeights(inputs, randomStream(seed, 'order', 'weights'));
        const weights = trained ? trainedWeights(options, begin, train, seed) : begin;
        const accuracy = accuracyWith(options, weights, train, test);
        onProgress(`seed ${seed}, ${aggregator}, ${trained ? 'trained' : 'frozen'}: ${accuracy.toFixed(3)}`);
        return [{ arm: `${aggregator}, ${trained ? 'trained' : 'frozen'}`, seed, accuracy, aggregator, trained }];
      }),
    );
  });
}

/** The weights after training with a softmax classifier of the aggregator's result, which is thrown away. */
function trainedWeights(
  options: AggregatorOptions,
  begin: Float64Array,
  { sequences, labels }: Sequences,
  seed: number,
): Float64Array {
  const aggregator = buildAggregator(options, features);
  const weights = begin.slice();
  const classifier = zeroClassifier(orders.length, aggregator.channels);
  const adam = new Adam(rate);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = randomStream(seed, 'order', 'epoch', epoch).shuffled([...sequences.keys()]);
    for (let from = 0; from < order.length; from += batch) {
      const items = order.slice(from, from + batch);
      const sums = zeroClassifier(orders.length, aggregator.channels);
      const gradient = new Float64Array(weights.length);
      for (const item of items) {
        const seen = frameFeatures(sequences[item]!, weights);
        const result = aggregator.aggregate(seen, {});
        const dValue = backwardCrossEntropy(result.value, labels[item]!, classifier, sums, 1 / items.length);
        addWeightGradient(sequences[item]!, seen, result.backward(dValue).rows, gradient);
      }
      adam.step(
        { network: weights, weights: classifier.weights, bias: classifier.bias },
        { network: gradient, weights: sums.weights, bias: sums.bias },
      );
    }
  }
  return weights;
}

/** The accuracy on test sequences of a logistic regression of the aggregator's results. */
function accuracyWith(options: AggregatorOptions, weights: Float64Array, train: Sequences, test: Sequences): number {
  const aggregator = buildAggregator(options, features);
  const labelled = ({ sequences, labels }: Sequences) => ({
    vectors: sequences.map((rows) => aggregator.aggregate(frameFeatures(rows, weights), {}).value),
    labels,
  });
  return accuracyOf(labelled(test), fitLogistic(labelled(train), orders.length));
}
