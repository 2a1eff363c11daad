import type { LearningRate } from '../config/schema.js';

/** Learning rate at a point in time, in epochs (fractions within one): linear warm-up from a tenth, then steps down. */
export function learningRate({ lr, lrSteps, lrGamma, warmupEpochs }: LearningRate, epoch: number): number {
  const rate = lr * lrGamma ** lrSteps.filter((step) => epoch >= step).length;
  return epoch < warmupEpochs ? rate * (0.1 + (0.9 * epoch) / warmupEpochs) : rate;
}
