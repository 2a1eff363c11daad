import { randomStream } from '../../../src/engine/random.js';
import type { Aggregator, Values } from '../../../src/models/aggregators/aggregator.js';
import { Adam } from '../common/adam.js';
import { backwardCrossEntropy, zeroClassifier } from '../common/softmax.js';
import type { Bags } from './bags.js';

/** How {@link learnCodebook} learns. */
export interface Learning {
  readonly epochs: number;
  /** Bags of a step. */
  readonly batch: number;
  /** Of Adam. */
  readonly rate: number;
}

/**
 * The settings of the toy. Their number of steps was chosen with other seeds (100 to 104) than it is shown with: with
 * half as many, one seed in five had not left a plateau on set B with two words.
 */
export const usualLearning: Learning = { epochs: 240, batch: 10, rate: 0.02 };

/** The first part of the epochs, in which only the classifier learns. */
const classifierOnly = 0.25;

/**
 * Trains an aggregator's parameters together with a softmax classifier of its result, on the cross-entropy of bags
 * (Katharopoulos et al., EUSIPCO 2017). The classifier begins alone, and is thrown away at the end.
 *
 * @param values - Where training begins; they are not changed.
 * @returns The trained parameters.
 */
export function learnCodebook(
  aggregator: Aggregator,
  values: Values,
  { bags, labels }: Bags,
  seed: number,
  { epochs, batch, rate }: Learning = usualLearning,
): Values {
  const classes = Math.max(...labels) + 1;
  const trained = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.slice()]));
  const classifier = zeroClassifier(classes, aggregator.channels);
  const adam = new Adam(rate);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const alone = epoch < classifierOnly * epochs;
    const order = randomStream(seed, 'order', epoch).shuffled([...bags.keys()]);
    for (let from = 0; from < order.length; from += batch) {
      const items = order.slice(from, from + batch);
      const sums = zeroClassifier(classes, aggregator.channels);
      const gradients = Object.fromEntries(
        Object.entries(trained).map(([name, value]) => [name, new Float64Array(value.length)]),
      );
      for (const item of items) {
        const result = aggregator.aggregate(bags[item]!, trained);
        const dValue = backwardCrossEntropy(result.value, labels[item]!, classifier, sums, 1 / items.length);
        if (alone) continue;
        const { parameters } = result.backward(dValue);
        for (const [name, sum] of Object.entries(gradients))
          parameters[name]!.forEach((d, i) => {
            sum[i]! += d;
          });
      }
      adam.step(
        { ...trained, weights: classifier.weights, bias: classifier.bias },
        { ...(alone ? {} : gradients), weights: sums.weights, bias: sums.bias },
      );
    }
  }
  return trained;
}
