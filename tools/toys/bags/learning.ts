import { randomStream, type Random } from '../../../src/engine/random.js';
import type { Aggregator, ParameterValues } from '../../../src/models/aggregators/aggregator.js';
import { mean } from '../../results/statistics.js';
import { Adam } from '../common/adam.js';
import { backwardCrossEntropy, probabilities, zeroClassifier } from '../common/softmax.js';
import type { Bags } from './bags.js';

/** How {@link learnCodebook} learns. */
export interface Learning {
  readonly epochs: number;
  /** Bags of a step. */
  readonly batch: number;
  /** Of Adam. */
  readonly rate: number;
  /** How often training begins anew, with a codebook fitted anew. */
  readonly starts: number;
}

/**
 * The settings of the toy, chosen with other seeds (100 to 115) than those that it is shown with: from one start, one
 * seed in sixteen of set B with two words and shapes ended on a plateau.
 */
export const usualLearning: Learning = { epochs: 120, batch: 10, rate: 0.02, starts: 2 };

/** The first part of the epochs, in which only the classifier learns. */
const classifierOnly = 0.25;

/** Trained parameters, and how good they are. */
interface Learned {
  readonly values: ParameterValues;
  /** The mean cross-entropy of the training bags with the classifier that was trained beside them, in nats. */
  readonly loss: number;
}

/**
 * Trains an aggregator's parameters together with a softmax classifier of its result, on the cross-entropy of
 * bags (Katharopoulos et al., EUSIPCO 2017), from several starts. The classifiers are thrown away at the end.
 *
 * @param fit - The parameters with which the start of a number, from 0, begins.
 * @returns The trained parameters of the start that fits the training bags best.
 */
export function learnCodebook(
  aggregator: Aggregator,
  fit: (start: number) => ParameterValues,
  bags: Bags,
  seed: number,
  learning: Learning,
): ParameterValues {
  const all = Array.from({ length: learning.starts }, (_, start) => {
    const random = (epoch: number) => randomStream(seed, 'order', start, epoch);
    return learnFrom(aggregator, fit(start), bags, random, learning);
  });
  return all.reduce((best, other) => (other.loss < best.loss ? other : best)).values;
}

/** Trains from one start. The classifier begins alone. */
function learnFrom(
  aggregator: Aggregator,
  values: ParameterValues,
  { bags, labels }: Bags,
  randomOf: (epoch: number) => Random,
  { epochs, batch, rate }: Learning,
): Learned {
  const classes = Math.max(...labels) + 1;
  const trained = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.slice()]));
  const classifier = zeroClassifier(classes, aggregator.channels);
  const moving = aggregator.parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
  const adam = new Adam(rate);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const alone = epoch < classifierOnly * epochs;
    const order = randomOf(epoch).shuffled([...bags.keys()]);
    for (let from = 0; from < order.length; from += batch) {
      const items = order.slice(from, from + batch);
      const sums = zeroClassifier(classes, aggregator.channels);
      const gradients = Object.fromEntries(moving.map((name) => [name, new Float64Array(trained[name]!.length)]));
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
  const losses = bags.map((bag, i) => {
    const { value } = aggregator.aggregate(bag, trained);
    return -Math.log(probabilities(value, classifier)[labels[i]!]! + 1e-300);
  });
  return { values: trained, loss: mean(losses) };
}
