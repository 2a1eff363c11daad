import type { LearningRate } from '../../config/schema.js';

/** The base rate in an epoch (fractions within one), without warm-up: stepped down, or along half a cosine from the warm-up's end to that of the stage. */
export function baseRate(
  { epochs, lr, lrSchedule, lrSteps, lrGamma, warmupEpochs }: LearningRate,
  epoch: number,
): number {
  if (lrSchedule === 'steps') return lr * lrGamma ** lrSteps.filter((step) => epoch >= step).length;
  const done = (epoch - warmupEpochs) / (epochs - warmupEpochs);
  return done <= 0 ? lr : (lr * (1 + Math.cos(Math.PI * Math.min(1, done)))) / 2;
}

/** Learning rate at a point in time, in epochs (fractions within one): linear warm-up, then down. Before steps it begins at a tenth, before a cosine at 0. */
export function learningRate(options: LearningRate, epoch: number): number {
  const { warmupEpochs, lrSchedule } = options;
  const rate = baseRate(options, epoch);
  if (epoch >= warmupEpochs) return rate;
  return lrSchedule === 'steps' ? rate * (0.1 + (0.9 * epoch) / warmupEpochs) : (rate * epoch) / warmupEpochs;
}
