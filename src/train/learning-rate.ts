import type { LearningRate } from '../config/schema.js';

/** The base rate in an epoch (fractions within one): stepped down, no warm-up. */
export function baseRate({ lr, lrSteps, lrGamma }: Omit<LearningRate, 'warmupEpochs'>, epoch: number): number {
  return lr * lrGamma ** lrSteps.filter((step) => epoch >= step).length;
}

/** Learning rate at a point in time, in epochs (fractions within one): linear warm-up from a tenth, then steps down. */
export function learningRate(options: LearningRate, epoch: number): number {
  const { warmupEpochs } = options;
  const rate = baseRate(options, epoch);
  return epoch < warmupEpochs ? rate * (0.1 + (0.9 * epoch) / warmupEpochs) : rate;
}
